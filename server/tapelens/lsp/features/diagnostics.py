"""Live findings as published diagnostics, from when a rule speaks until the program is started anew."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from ...store.sessions import Change, FindingArrived, SessionChanged, SessionInfo
from ...wire.findings import Finding
from ..convert import is_same_file, path_of, to_diagnostic, uri_of
from ..language_server import TapelensServer

Key = tuple[str, str, int, bool]


class Diagnostics:
    """What is marked now, in which session's name."""

    def __init__(self, ls: TapelensServer) -> None:
        self._ls = ls
        self._sessions: dict[str, SessionInfo] = {}
        self._findings: dict[str, dict[Key, Finding]] = {}
        self._marked: set[str] = set()
        ls.store.subscribe(self._hear)

    def refresh(self) -> None:
        """Publish anew, for documents that were opened or closed meanwhile: their text gives columns."""
        self._publish(set(self._paths()))

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

    # -- publishing ------------------------------------------------------------------------------------

    def _publish(self, paths: set[str]) -> None:
        for path in paths:
            uri = self._uri(path)
            if uri is None:
                continue
            diagnostics = [self._diagnostic(finding) for finding in self._shown(path)]
            if diagnostics or uri in self._marked:
                self._ls.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics)
                )
            (self._marked.add if diagnostics else self._marked.discard)(uri)

    def _shown(self, path: str) -> list[Finding]:
        """Each fault of a file once, whichever sessions saw it; what happened hides that it was foreseen."""
        shown: dict[tuple[str, int], Finding] = {}
        for findings in self._findings.values():
            for finding in findings.values():
                if not is_same_file(finding.site.path, path):
                    continue
                place = (finding.rule, finding.site.line)
                earlier = shown.get(place)
                if earlier is None or (earlier.foreseen, -earlier.count) > (finding.foreseen, -finding.count):
                    shown[place] = finding
        return list(shown.values())

    def _diagnostic(self, finding: Finding) -> types.Diagnostic:
        documents = self._ls.client_capabilities.text_document
        published = documents.publish_diagnostics if documents is not None else None
        return to_diagnostic(
            finding,
            lines_of=self._lines,
            codec=self._codec(),
            related_shown=bool(published and published.related_information),
        )

    def _codec(self) -> PositionCodec:
        return self._ls.workspace.position_codec

    def _uri(self, path: str) -> str | None:
        """The URI that the client calls the file by, if it has it open: maybe through a link."""
        for uri in self._ls.workspace.text_documents:
            opened = path_of(uri)
            if opened is not None and is_same_file(opened, path):
                return self._ls.workspace.text_documents[uri].uri
        return uri_of(path)

    def _lines(self, path: str) -> Sequence[str]:
        uri = self._uri(path)
        if uri is None:
            return ()
        try:
            return self._ls.workspace.get_text_document(uri).lines
        except (OSError, UnicodeDecodeError):
            return ()


def _key(finding: Finding) -> Key:
    return (finding.rule, finding.site.path, finding.site.line, finding.foreseen)


def register(server: TapelensServer) -> None:
    """Publish findings as they come."""
    diagnostics = Diagnostics(server)

    def did_open(ls: TapelensServer, params: types.DidOpenTextDocumentParams) -> None:  # noqa: ARG001 (pygls' own)
        diagnostics.refresh()

    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
