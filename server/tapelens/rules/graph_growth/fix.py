"""Cut the graph off where it is tied to what stays."""

from __future__ import annotations

from ...source.concrete import Concrete, Node, assignment_of, code_of, function_of, is_operator, parts
from ...wire.findings import Finding, Fix

_KEEPS = {"append", "appendleft", "add", "put"}
_ONE = {"name", "atom_expr", "atom", "power"}
"""Kinds of expression that ``.detach()`` binds to as they stand."""


def cut_the_graph(finding: Finding, text: str) -> Fix | None:
    """Add ``.item()`` or ``.detach()`` to what is kept."""
    file = Concrete(finding.site.path, text)
    statement = file.statement(finding.site.line)
    if statement is None:
        return None
    match assignment_of(statement):
        case (target, "+=", value):
            return _cut(file, value, "item" if _begins_as_number(file, statement, code_of(target)) else "detach")
        case (target, "=", value):
            return _in_assignment(file, code_of(target), value)
        case (_, _, _):
            return None
        case None:
            pass
    kept = [call for call in file.calls(finding.site.line) if call.name in _KEEPS and len(call.arguments) == 1]
    return _cut(file, kept[0].arguments[0], "detach") if len(kept) == 1 else None


def _in_assignment(file: Concrete, target: str, value: Node) -> Fix | None:
    """``h = cell(x, h)`` becomes ``h = cell(x, h.detach())``; a sum is cut off as a whole."""
    uses = [each for each in _expressions(value) if code_of(each) == target]
    if not uses:
        return None
    if value.type in {"arith_expr", "term"}:
        return _cut(file, value, "detach")
    return _cut(file, uses[0], "detach") if len(uses) == 1 else None


def _cut(file: Concrete, value: Node, by: str) -> Fix | None:
    written = code_of(value)
    if value.type not in _ONE and value.type not in {"arith_expr", "term", "factor"}:
        return None
    whole = written if value.type in _ONE else f"({written})"
    new = f"{whole}.{by}()"
    shown = new if len(new) <= 40 else f".{by}()"  # noqa: PLR2004 (a title is one short line)
    return Fix(title=f"Keep `{shown}`", edits=(file.replace(value, new),), is_safe=True)


def _begins_as_number(file: Concrete, statement: Node, target: str) -> bool:
    """The function assigns a plain number to it somewhere."""
    function = function_of(statement)
    assigned = (assignment_of(node) for node in file.nodes(function) if node.type == "simple_stmt")
    return any(
        code_of(name) == target and sign == "=" and value.type == "number"
        for name, sign, value in (each for each in assigned if each is not None)
    )


def _expressions(node: Node) -> list[Node]:
    """The node and all in it, but for the names of attributes and arguments."""
    found = [node]
    for each in parts(node):
        if each.type == "trailer" and is_operator(parts(each)[0], "."):
            continue
        found.extend(_expressions(each))
    return found
