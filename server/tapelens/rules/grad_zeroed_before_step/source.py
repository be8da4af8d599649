"""Source twin: a clearing between the backward and the step that should use it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, Cleared, Clipped, GradRead, GradWritten, Step, Unknown, Updated
from ...source.flow.entries import Trace
from ...source.flow.reach import overlap
from ...source.flow.values import Value
from ...source.questions import feeds, is_in, is_live, name_of, of_kind
from ...wire.findings import Finding
from . import RULE


def grad_zeroed_before_step(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for position, step in of_kind(trace.acts, Step):
            if step.has_closure or not is_live(step.when, is_script=trace.is_script):
                continue
            found = _emptied(trace.acts, position, step) or _only_the_last(trace, position, step)
            if found is None or id(found[0].when.place.node) in said:
                continue
            clearing, message = found
            place, used = clearing.when.place, step.when.place
            said.add(id(place.node))
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=message,
                related=(related(used.file, used.node, "This step should use them."),),
            )


def _emptied(acts: Sequence[Act], position: int, step: Step) -> tuple[Cleared, str] | None:
    """Backward, clearing, step, and nothing between that looks at the gradients or makes others."""
    held = (step.optimizer,)
    clearing: Cleared | None = None
    for act in reversed(acts[:position]):
        if isinstance(act, Backward):
            if clearing is None or feeds(act, held) is not True or not clearing.when.follows(act.when):
                return None
            if act.when.loops[: len(step.when.loops)] != step.when.loops:
                return None
            name = name_of(step.optimizer, "optimizer")
            return clearing, (
                f"The gradients of the backward before are cleared here, and `{name}.step()` finds none: nothing is "
                f"trained. Clear before the backward, or after the step."
            )
        if isinstance(act, Cleared):
            if clearing is not None or overlap(act.of, held) is not True or act.when.loops != step.when.loops:
                return None
            if not step.when.follows(act.when) or act.when.step is not None:
                return None
            clearing = act
        elif isinstance(act, (Step, Updated)) or _looks(act, held):
            return None
    return None


def _only_the_last(trace: Trace, position: int, step: Step) -> tuple[Cleared, str] | None:
    """A loop clears before each of its backwards, and the step comes after it."""
    held = (step.optimizer,)
    last = next((each for each in reversed(trace.acts[:position]) if isinstance(each, (Backward, Cleared))), None)
    if not isinstance(last, Backward) or feeds(last, held) is not True or last.when.step is not None:
        return None
    depth = len(step.when.loops)
    if len(last.when.loops) != depth + 1 or last.when.loops[:depth] != step.when.loops or last.when.loops[-1][1] == 0:
        return None
    loop = last.when.loops[-1][0]
    if not step.when.follows(last.when) or _may_break(trace, loop):
        return None
    within = [act for act in trace.acts[:position] if is_in(act.when, loop)]
    clearings = [act for act in within if isinstance(act, Cleared) and overlap(act.of, held) is True]
    if not clearings or any(isinstance(act, (Step, Updated)) or _looks(act, held) for act in within):
        return None
    clearing = clearings[-1]
    if clearing.when.loops != last.when.loops or not last.when.follows(clearing.when):
        return None
    return clearing, (
        f"Each round of the loop clears the gradients of the round before, and `{name_of(step.optimizer, 'optimizer')}"
        f".step()` comes after it: only the last backward is used. Clear once, before the loop."
    )


def _looks(act: Act, held: tuple[Value, ...]) -> bool:
    """Somebody reads or writes these gradients: they served a purpose."""
    match act:
        case GradRead(of=value):
            return overlap((value,), held) is not False
        case GradWritten(of=values) | Unknown(of=values) | Clipped(of=values):
            return overlap(values, held) is not False
        case _:
            return False


def _may_break(trace: Trace, loop: int) -> bool:
    statement = trace.loops.get(loop)
    return statement is None or any(isinstance(each, (ast.Break, ast.Return)) for each in ast.walk(statement))
