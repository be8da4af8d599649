"""Source twin: a loop registers the same hook on the same thing, and no handle is removed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.file import SourceFile
from ...source.finding import finding
from ...source.flow.acts import Backward, Forward, Hooked, Step, Unhooked, Unknown
from ...source.flow.entries import Trace
from ...source.flow.reach import everything
from ...source.flow.values import Handle, Instance, Module, Named, Params, Tensor, Value
from ...source.questions import is_in, name_of, of_kind
from ...wire.findings import Finding
from . import RULE


def hook_leak(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "hook(" not in file.text or "_hooks" in file.text:
        return
    said: set[int] = set()
    for trace in file.traces:
        removed = {None if act.call is None else id(act.call.node) for _, act in of_kind(trace.acts, Unhooked)}
        if None in removed:
            continue
        before: list[Hooked] = []
        for _, hooked in of_kind(trace.acts, Hooked):
            node = hooked.call.node
            again = next((each for each in before if each.call.node is node and _is_again(trace, each, hooked)), None)
            before.append(hooked)
            if again is None or id(node) in removed or id(node) in said or _is_handed_on(trace, hooked):
                continue
            said.add(id(node))
            name = name_of(hooked.target, "the same object")
            yield finding(
                RULE,
                file=hooked.call.file,
                at=node,
                message=(
                    f"Each round of the loop registers this hook on `{name}` once more, and none is removed: all of "
                    f"them run each time. Register it once, before the loop, or keep the handle and call `.remove()`."
                ),
            )


def _is_again(trace: Trace, earlier: Hooked, later: Hooked) -> bool:
    """The same target in a later round of a loop that does not go over targets."""
    loop = later.when.loop_from(earlier.when)
    if loop is None or not later.when.is_with(earlier.when) or not _is_same(earlier.target, later.target):
        return False
    statement = trace.loops.get(loop)
    target = later.target
    over = target.over if isinstance(target, Params) else getattr(getattr(target, "place", None), "node", None)
    if over is statement or (statement is not None and _goes_over_targets(statement, later.call.node)):
        return False
    return any(isinstance(act, (Forward, Backward, Step)) and is_in(act.when, loop) for act in trace.acts)


def _goes_over_targets(statement: ast.AST, call: ast.AST) -> bool:
    """The loop's own variable is what the hook is registered on."""
    receiver = call.func if isinstance(call, ast.Call) else call
    while isinstance(receiver, (ast.Attribute, ast.Subscript, ast.Call)):
        receiver = receiver.func if isinstance(receiver, ast.Call) else receiver.value
    bound = getattr(statement, "target", None)
    return (
        isinstance(receiver, ast.Name)
        and isinstance(bound, ast.AST)
        and any(isinstance(each, ast.Name) and each.id == receiver.id for each in ast.walk(bound))
    )


def _is_same(one: Value, other: Value) -> bool:
    if isinstance(one, Named) and isinstance(other, Named):
        return True
    if isinstance(one, Params) and isinstance(other, Params):
        return [id(each) for each in one.of] == [id(each) for each in other.of]
    return one is other and isinstance(one, (Module, Instance, Tensor))


def _is_handed_on(trace: Trace, hooked: Hooked) -> bool:
    """Its handle goes to somebody who may remove it."""
    return any(
        isinstance(value, Handle) and value.call.node is hooked.call.node
        for _, act in of_kind(trace.acts, Unknown)
        for value in everything(act.of)
    )
