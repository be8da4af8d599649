"""Make the leaf last: ``requires_grad_()`` on what is used."""

from __future__ import annotations

from ...source.concrete import Concrete, code_of, is_operator, parts, value_of
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
    asked = [
        (call, argument)
        for call in file.calls(*file.lines_of(finding.site.line))
        if (argument := call.keyword("requires_grad")) is not None and value_of(argument) == "True"
    ]
    if len(asked) != 1 or value.type not in {"atom_expr", "power", "arith_expr", "term"}:
        return None
    end = file.insert_at(value.end_pos, ".requires_grad_()")
    edits = [file.remove_argument(*asked[0]), end]
    if value.type in {"arith_expr", "term"}:
        edits = [file.insert_at(value.start_pos, "("), edits[0], file.insert_at(value.end_pos, ").requires_grad_()")]
    elif code_of(value).endswith(")") and asked[0][0].node is value and asked[0][0].index == len(parts(value)) - 1:
        return None  # nothing follows the creation: the leaf is lost elsewhere
    return Fix(title="Ask for `requires_grad_()` of the result", edits=tuple(edits), is_safe=True)
