"""Source twin: a loop that computes and steps, and nothing anywhere that runs backward."""

from __future__ import annotations

from collections.abc import Iterator

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Backward, Forward, GradWritten, Step, Unknown
from ...source.flow.entries import Trace
from ...source.flow.reach import overlap
from ...source.questions import is_in, name_of, of_kind
from ...wire.findings import Finding
from . import RULE


def step_without_backward(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for _, step in of_kind(trace.acts, Step):
            place = step.when.place
            if id(place.node) in said or not _is_idle(trace, step):
                continue
            said.add(id(place.node))
            name = name_of(step.optimizer, "optimizer")
            made = step.optimizer.place
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"`{name}` steps in every round of the loop, and no backward gives its parameters gradients: "
                    f"nothing is trained. Call `backward()` on the loss before the step."
                ),
                related=(related(made.file, made.node, f"`{name}` is made here."),),
            )


def _is_idle(trace: Trace, step: Step) -> bool:
    if not step.when.loops or step.when.tried or step.scaler is not None:
        return False
    held = (step.optimizer,)
    loop = step.when.loops[-1][0]
    works = False
    for act in trace.acts:
        match act:
            case Backward():
                return False
            case Unknown(of=values):
                if is_in(act.when, loop) or overlap(values, held) is not False:
                    return False
            case GradWritten(of=values):
                if overlap(values, held) is not False:
                    return False
            case Forward(grad_mode=True):
                works = works or is_in(act.when, loop)
            case _:
                pass
    return works
