"""Clear the gradients before the backward, or after the step where the backward is not to be seen."""

from __future__ import annotations

from ...source.concrete import Call, Concrete, code_of, function_of, parts
from ...wire.findings import Finding, Fix

_RUN = {"backward", "manual_backward"}


def insert_zero_grad(finding: Finding, text: str) -> Fix | None:
    """Insert ``optimizer.zero_grad()``; nothing for an update written by hand."""
    file = Concrete(finding.site.path, text)
    line = finding.site.line
    steps = [call for call in file.calls(line) if call.name == "step"]
    if steps:
        return _around_step(file, steps[0], line)
    return _in_closure(file, line)


def _around_step(file: Concrete, step: Call, line: int) -> Fix | None:
    optimizer = _optimizer_of(step)
    statement = file.statement(line)
    if optimizer is None or statement is None:
        return None
    clearing = f"{optimizer}.zero_grad()"
    backward = _backward_before(file, step, line)
    target = None if backward is None else file.statement(backward)
    if target is not None and target.parent is statement.parent:
        title = f"Insert `{clearing}` before the backward"
        return Fix(title=title, edits=(file.insert_before(target, clearing),), is_safe=True)
    title = f"Insert `{clearing}` after the step"
    return Fix(title=title, edits=(file.insert_after(statement, clearing),), is_safe=True)


def _optimizer_of(step: Call) -> str | None:
    """``optimizer`` of ``optimizer.step()`` and of ``scaler.step(optimizer)``."""
    if step.arguments and "scaler" in step.owner.lower():
        return code_of(step.arguments[0])
    return step.owner if step.owner and "(" not in step.owner else None


def _backward_before(file: Concrete, step: Call, line: int) -> int | None:
    """The line of the only backward of the step's function before it."""
    function = function_of(step.node)
    lines = [
        call.node.start_pos[0]
        for call in file.calls()
        if call.name in _RUN and function_of(call.node) is function and call.node.start_pos[0] < line
    ]
    return lines[0] if len(lines) == 1 else None


def _in_closure(file: Concrete, line: int) -> Fix | None:
    """Of a backward inside a closure that exactly one optimizer steps with."""
    statement = file.statement(line)
    function = None if statement is None else function_of(statement)
    if statement is None or function is None or function.type != "funcdef":
        return None
    name = code_of(parts(function)[1])
    owners = {
        call.owner
        for call in file.calls()
        if call.name == "step" and any(code_of(each).rpartition("=")[2].strip() == name for each in call.arguments)
    }
    if len(owners) != 1:
        return None
    clearing = f"{owners.pop()}.zero_grad()"
    return Fix(
        title=f"Insert `{clearing}` before the backward",
        edits=(file.insert_before(statement, clearing),),
        is_safe=True,
    )
