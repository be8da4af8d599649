"""Findings as published diagnostics: live ones until the program is started anew, those in source as one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from lsprotocol import types
from pygls.workspace import PositionCodec

from ...check.judge import Judge
from ...check.lint import conclude
from ...check.live import once
from ...settings import SettingsReader
from ...store.sessions import Change, FindingArrived, SessionChanged, SessionInfo
from ...wire.findings import Finding
from ..checking import Checking
from ..convert import Shows, is_same_file, path_of, to_diagnostic
from ..language_server import TapelensServer

Key = tuple[str, str, int, bool]


class Diagnostics:
    """What is marked now, in which session's name."""

    def __init__(self, ls: TapelensServer) -> None:
        self._ls = ls
        self.checking = Checking(self._on_checked, ls.warn)
        self._sessions: dict[str, SessionInfo] = {}
        self._findings: dict[str, dict[Key, Finding]] = {}
        self._found: dict[str, Sequence[Finding]] = {}  # in files that are not open, by the file they are in
        self._marked: set[str] = set()
        ls.store.subscribe(self._hear)

    def refresh(self) -> None:
        """Publish anew, for documents that were opened or closed meanwhile: their text gives columns."""
        self._publish(set(self._paths()))

    def publish_found(self, found: Mapping[str, Sequence[Finding]]) -> int:
        """Take what was found in whole folders, in place of what was before; gives how many are shown."""
        before = set(self._found)
        self._found = dict.fromkeys(found, ())
        for findings in found.values():
            for finding in findings:
                self._found[finding.site.path] = (*self._found.get(finding.site.path, ()), finding)
        self._publish(before | set(self._found))
        return sum(len(self._shown(path)) for path in self._found)

    def shown(self, path: str) -> list[tuple[Finding, types.Diagnostic]]:
        """What is marked in a file now."""
        return [(finding, self._diagnostic(finding)) for finding in self._shown(path)]

    def _hear(self, change: Change) -> None:
        match change:
            case SessionChanged(info=info):
                self._on_session(info)
            case FindingArrived(session=session, finding=finding):
                self._findings.setdefault(session, {})[_key(finding)] = finding
                self._publish({finding.site.path})
            case _:
                pass

    def _on_session(self, info: SessionInfo) -> None:
        before = self._sessions.get(info.session)
        self._sessions[info.session] = info
        touched: set[str] = set()
        if before is None or (before.state == "ended" and info.state == "starting"):
            touched = self._forget_earlier_runs(info)
        elif before.state == "stopped" and info.state != "stopped":
            touched = self._forget_foreseen(info.session)
        self._publish(touched)

    def _forget_earlier_runs(self, begun: SessionInfo) -> set[str]:
        """Drop what ended sessions of the same program said, and their children's; they are another run's."""
        gone = {begun.session}
        for info in self._sessions.values():
            if info.state == "ended" and (info.label == begun.label or info.parent in gone):
                gone.add(info.session)
        touched: set[str] = set()
        for session in gone:
            touched |= {finding.site.path for finding in self._findings.pop(session, {}).values()}
        return touched

    def _forget_foreseen(self, session: str) -> set[str]:
        """The program went on: what was foreseen has happened, and is then said as such, or has not."""
        findings = self._findings.get(session, {})
        foreseen = [key for key, finding in findings.items() if finding.foreseen]
        return {findings.pop(key).site.path for key in foreseen}

    def _paths(self) -> Sequence[str]:
        return [finding.site.path for findings in self._findings.values() for finding in findings.values()]

    def _on_checked(self, paths: set[str]) -> None:
        """What was found in an open document stands in place of what was found in the file."""
        for path in paths:
            if self.checking.has_looked(path):
                self._found.pop(path, None)
        self._publish(paths)

    # -- publishing ------------------------------------------------------------------------------------

    def _publish(self, paths: set[str]) -> None:
        for path in paths:
            uri = self._ls.documents.uri(path)
            if uri is None:
                continue
            diagnostics = [diagnostic for _, diagnostic in self.shown(path)]
            if diagnostics or uri in self._marked:
                self._ls.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics)
                )
            (self._marked.add if diagnostics else self._marked.discard)(uri)

    def _shown(self, path: str) -> list[Finding]:
        """Each fault of a file once, whichever sessions or documents showed it, as its project wants it."""
        live = [each for findings in self._findings.values() for each in findings.values()]
        found = self._found.get(path, ())
        here = once(
            finding for finding in (*live, *self.checking.findings(), *found) if is_same_file(finding.site.path, path)
        )
        judge = Judge(SettingsReader(), texts=self._ls.documents)
        looked = [path] if self.checking.has_looked(path) or path in self._found else []
        return [finding for finding in conclude(here, looked, judge) if not _is_hint(finding)]

    def _diagnostic(self, finding: Finding) -> types.Diagnostic:
        documents = self._ls.client_capabilities.text_document
        published = documents.publish_diagnostics if documents is not None else None
        tags = published.tag_support if published is not None else None
        shows = Shows(
            related=bool(published and published.related_information),
            page=bool(published and published.code_description_support),
            tags=tags.value_set if tags is not None else (),
        )
        return to_diagnostic(finding, lines_of=self._ls.documents.lines, codec=self._codec(), shows=shows)

    def _codec(self) -> PositionCodec:
        return self._ls.workspace.position_codec


def _is_hint(finding: Finding) -> bool:
    """A comment that the source does not need, and a run may: not worth a mark while one types."""
    return finding.rule == "unused-ignore" and finding.severity == "information"


def _key(finding: Finding) -> Key:
    return (finding.rule, finding.site.path, finding.site.line, finding.foreseen)


def is_source(uri: str, language: str | None = None) -> bool:
    """Whether a document is a Python file: a cell of a notebook is only a piece of one."""
    return uri.startswith("file:") and (language == "python" or uri.endswith((".py", ".pyw")))


def did_open(ls: TapelensServer, params: types.DidOpenTextDocumentParams, diagnostics: Diagnostics) -> None:
    """Look at what was opened; live marks take their columns from it."""
    diagnostics.refresh()
    document = params.text_document
    _look(ls, document.uri, document.language_id, diagnostics, at_once=True)


def did_change(ls: TapelensServer, params: types.DidChangeTextDocumentParams, diagnostics: Diagnostics) -> None:
    """Look again, once nobody has typed for a moment."""
    _look(ls, params.text_document.uri, None, diagnostics)


def did_save(ls: TapelensServer, params: types.DidSaveTextDocumentParams, diagnostics: Diagnostics) -> None:
    """Look again: another file, or the project's settings, may have changed with it."""
    _look(ls, params.text_document.uri, None, diagnostics, at_once=True)


def did_close(
    ls: TapelensServer,  # noqa: ARG001 (pygls looks for the name)
    params: types.DidCloseTextDocumentParams,
    diagnostics: Diagnostics,
) -> None:
    """Take back what was found in the source; what a program showed stays."""
    path = path_of(params.text_document.uri)
    if path is not None:
        diagnostics.checking.closed(path)


def _look(
    ls: TapelensServer, uri: str, language: str | None, diagnostics: Diagnostics, *, at_once: bool = False
) -> None:
    path = path_of(uri)
    if path is None or not ls.settings.lint or not is_source(uri, language):
        return
    diagnostics.checking.changed(path, ls.workspace.get_text_document(uri).source, at_once=at_once)


def look_at_all(ls: TapelensServer, diagnostics: Diagnostics) -> None:
    """The settings say otherwise whether source is looked through: take back what was found, or look."""
    for uri, document in ls.workspace.text_documents.items():
        path = path_of(uri)
        if path is not None and not ls.settings.lint:
            diagnostics.checking.closed(path)
        else:
            _look(ls, uri, document.language_id, diagnostics, at_once=True)


def register(server: TapelensServer) -> None:
    """Publish findings as they come."""
    diagnostics = Diagnostics(server)
    server.findings_of = diagnostics.shown
    server.lint_changed = partial(look_at_all, server, diagnostics)
    server.publish_found = diagnostics.publish_found
    for method, handler in (
        (types.TEXT_DOCUMENT_DID_OPEN, did_open),
        (types.TEXT_DOCUMENT_DID_CHANGE, did_change),
        (types.TEXT_DOCUMENT_DID_SAVE, did_save),
        (types.TEXT_DOCUMENT_DID_CLOSE, did_close),
    ):
        server.feature(method)(partial(handler, diagnostics=diagnostics))
