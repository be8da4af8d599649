"""Code actions at a finding: its fix, a comment that silences it, and its rule's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from lsprotocol import types

from ...check.comments import ignoring
from ...report.pages import UNSILENCED, page_file, page_markdown
from ...rules.catalogue import RULES
from ...settings import check_rule
from ...wire.findings import Edit, Finding, Fix
from ..convert import path_of, span_range
from ..language_server import TapelensServer
from ..messages import ExplainArguments, Explained, to_params

EXPLAIN = "tapelens.explain"
_UNIGNORED = (*UNSILENCED, "unused-ignore")
QUICK_FIX = types.CodeActionKind.QuickFix


def code_actions(ls: TapelensServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about the findings in a range."""
    path = path_of(params.text_document.uri)
    if path is None or not _is_asked_for(params.context.only):
        return []
    found: list[types.CodeAction] = []
    for finding, mark in ls.findings_of(path):
        if _meets(mark.range, params.range):
            found.extend(_of_finding(ls, finding, mark))
    return found


def _of_finding(ls: TapelensServer, finding: Finding, mark: types.Diagnostic) -> Iterator[types.CodeAction]:
    if finding.fix is not None:
        yield types.CodeAction(
            title=finding.fix.title,
            kind=QUICK_FIX,
            diagnostics=[mark],
            is_preferred=finding.fix.is_safe or None,
            edit=_workspace_edit(ls, finding.fix.edits),
        )
    if finding.rule not in _UNIGNORED and (silencing := _silencing(ls, finding)) is not None:
        yield types.CodeAction(
            title=silencing.title,
            kind=QUICK_FIX,
            diagnostics=[mark],
            edit=_workspace_edit(ls, silencing.edits),
        )
    yield types.CodeAction(
        title=f"Explain {finding.rule}",
        kind=QUICK_FIX,
        diagnostics=[mark],
        command=types.Command(title=f"Explain {finding.rule}", command=EXPLAIN, arguments=[{"rule": finding.rule}]),
    )


def _silencing(ls: TapelensServer, finding: Finding) -> Fix | None:
    path = finding.site.path
    return ignoring(finding, ls.documents.text(path), ls.documents.suppressions(path))


def _workspace_edit(ls: TapelensServer, edits: Iterable[Edit]) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        uri = ls.documents.uri(edit.path)
        if uri is not None:
            changes.setdefault(uri, []).append(types.TextEdit(range=_range(ls, edit), new_text=edit.text))
    return types.WorkspaceEdit(changes=changes)


def _range(ls: TapelensServer, edit: Edit) -> types.Range:
    return span_range(edit.span, ls.documents.lines(edit.path), ls.workspace.position_codec)


def _is_asked_for(only: Sequence[str] | None) -> bool:
    return only is None or any(each == QUICK_FIX or QUICK_FIX.startswith(f"{each}.") or not each for each in only)


def _meets(one: types.Range, other: types.Range) -> bool:
    return _at(one.start) <= _at(other.end) and _at(other.start) <= _at(one.end)


def _at(position: types.Position) -> tuple[int, int]:
    return position.line, position.character


async def explain(ls: TapelensServer, arguments: ExplainArguments) -> dict[str, Any]:
    """Have the client show a rule's page, where it can.

    Raises:
        UsageError: There is no such rule.
    """
    slug = check_rule(arguments.rule, where=EXPLAIN)
    rule = next(rule for rule in RULES if rule.slug == slug)
    file = page_file(slug)
    uri = None if file is None else file.as_uri()
    window = ls.client_capabilities.window
    shows = window is not None and window.show_document is not None and window.show_document.support
    if shows and uri is not None:
        ls.window_show_document(types.ShowDocumentParams(uri=uri, take_focus=True))
    else:
        message = f"{slug}: {rule.summary}. `tapelens rules {slug}` tells more."
        ls.window_show_message(types.ShowMessageParams(type=types.MessageType.Info, message=message))
    return to_params(Explained(rule=slug, text=page_markdown(rule), uri=uri))


def register(server: TapelensServer) -> None:
    """Offer code actions, and the command that one of them runs."""
    options = types.CodeActionOptions(code_action_kinds=[QUICK_FIX])
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_actions)
    server.add_command(EXPLAIN, ExplainArguments, partial(explain, server))
