"""Make the leaf last: ``requires_grad_()`` on what is used."""

from __future__ import annotations

from ...source.concrete import Concrete, is_operator, parts
from ...wire.findings import Finding, Fix


def move_requires_grad(finding: Finding, text: str) -> Fix | None:
    """Take ``requires_grad=True`` out of the creation, and ask for it at the end of the same statement."""
    file = Concrete(finding.site.path, text)
    statement = file.statement(finding.site.line)
    if statement is None:
        return None
    assignment = parts(statement)[0]
    if assignment.type != "expr_stmt" or not is_operator(parts(assignment)[1], "="):
        return None
    value = parts(assignment)[-1]
    asked = file.flag("requires_grad", finding.site.line)
    if asked is None or value.type not in {"atom_expr", "power", "arith_expr", "term"}:
        return None
    creation, argument = asked
    begin, end = "", ".requires_grad_()"
    if value.type in {"arith_expr", "term"}:
        begin, end = "(", f"){end}"
    elif creation.node is value and creation.index == len(parts(value)) - 1:
        return None  # nothing follows the creation: the leaf is lost elsewhere
    edits = [file.remove_argument(creation, argument), file.insert_at(value.end_pos, end)]
    if begin:
        edits.insert(0, file.insert_at(value.start_pos, begin))
    return Fix(title="Ask for `requires_grad_()` of the result", edits=tuple(edits), is_safe=True)
