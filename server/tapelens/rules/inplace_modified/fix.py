"""Make a new tensor instead of changing the saved one."""

from __future__ import annotations

from ...source.concrete import Concrete, assignment_of, code_of, parts
from ...wire.findings import Edit, Finding, Fix


def make_anew(finding: Finding, text: str) -> Fix | None:
    """``x.mul_(2)`` becomes ``x = x.mul(2)``, ``x += y`` becomes ``x = x + y``; other names of it stay as they were."""
    file = Concrete(finding.site.path, text)
    statement = file.statement(finding.site.line)
    if statement is None:
        return None
    expression = parts(statement)[0]
    assignment = assignment_of(statement)
    if assignment is not None:
        target, operator, value = assignment
        name = code_of(target)
        if operator in {"+=", "-=", "*=", "/="} and name.isidentifier():
            written = code_of(value)
            right = written if value.type in {"name", "number", "atom_expr", "atom"} else f"({written})"
            return _instead(
                file.replace(expression, f"{name} = {name} {operator[0]} {right}"), f"{name} {operator[0]} …"
            )
        return None
    calls = [call for call in file.calls(finding.site.line) if call.node is expression]
    if len(calls) != 1 or not calls[0].name.endswith("_") or not calls[0].owner.isidentifier():
        return None
    owner, name = calls[0].owner, calls[0].name.rstrip("_")
    arguments = code_of(expression).partition("(")[2]
    return _instead(file.replace(expression, f"{owner} = {owner}.{name}({arguments}"), f"{owner}.{name}(…)")


def _instead(edit: Edit, what: str) -> Fix:
    return Fix(title=f"Make a new tensor: `{what}`", edits=(edit,), is_safe=False)
