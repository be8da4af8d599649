"""Source twin: what happens between ``scale(loss).backward()`` and the scaler's own step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, Clipped, GradWritten, ScaleUpdated, Step, Unknown, Unscaled
from ...source.flow.reach import overlap
from ...source.flow.values import Place, Scaler, Tensor, Value
from ...source.questions import name_of, of_kind
from ...wire.findings import Finding
from . import RULE

_Said = Iterator[tuple[Place, str, Place]]


def amp_order(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "caler" not in file.text:
        return
    said: set[int] = set()
    for trace in file.traces:
        for place, message, other in (*_used_scaled(trace.acts), *_never_updated(trace.acts)):
            if id(place.node) not in said:
                said.add(id(place.node))
                sites = () if other is place else (related(other.file, other.node, "The loss is scaled here."),)
                yield finding(RULE, file=place.file, at=place.node, message=message, related=sites)


def _scaler_of(backward: Backward) -> Scaler | None:
    scaler = backward.root.scaled if isinstance(backward.root, Tensor) else None
    return scaler if isinstance(scaler, Scaler) and scaler.sure else None


def _used_scaled(acts: Sequence[Act]) -> _Said:
    for position, backward in of_kind(acts, Backward):
        scaler = _scaler_of(backward)
        if scaler is None:
            continue
        name = name_of(scaler, "scaler")
        for act in acts[position + 1 :]:
            match act:
                case Unscaled() | Unknown() | GradWritten():
                    break
                case ScaleUpdated() if act.scaler is scaler:
                    if _steps_later(acts, act, scaler):
                        yield (
                            act.when.place,
                            (
                                f"`{name}.update()` comes before the step: the scale changes while gradients are still "
                                f"multiplied by the old one. Call it after `{name}.step()`."
                            ),
                            backward.when.place,
                        )
                    break
                case Backward() if _scaler_of(act) is None:
                    break
                case Clipped(constant=True) if act.when.is_with(backward.when):
                    yield (
                        act.when.place,
                        (
                            f"The gradients are still multiplied by the scale when they are clipped: after "
                            f"`{name}.step()` unscales them next to nothing is left. Call `{name}.unscale_(optimizer)` "
                            f"before clipping."
                        ),
                        backward.when.place,
                    )
                case Step(scaler=None) if _is_its(act, backward) and act.when.is_with(backward.when):
                    optimizer = name_of(act.optimizer, "optimizer")
                    yield (
                        act.when.place,
                        (
                            f"`{optimizer}.step()` uses gradients that are still multiplied by the scale. "
                            f"Call `{name}.step({optimizer})`, which unscales them, instead."
                        ),
                        backward.when.place,
                    )
                case Step():
                    break
                case _:
                    pass


def _steps_later(acts: Sequence[Act], update: ScaleUpdated, scaler: Scaler) -> bool:
    """In the same round of the loop, and no backward before it."""
    for act in acts[acts.index(update) + 1 :]:
        if isinstance(act, Backward):
            return False
        if isinstance(act, Step) and act.scaler is scaler:
            return act.when.loops == update.when.loops and act.when.follows(update.when)
    return False


def _is_its(step: Step, backward: Backward) -> bool:
    used: list[Value] = []
    for root in backward.nodes or ():
        for node in root.walk():
            used.extend(each for each in (node.module, node.leaf) if each is not None)
    return overlap(used, (step.optimizer,)) is not False


def _never_updated(acts: Sequence[Act]) -> _Said:
    updated = {id(act.scaler) for _, act in of_kind(acts, ScaleUpdated)}
    for _, step in of_kind(acts, Step):
        scaler = step.scaler
        if not isinstance(scaler, Scaler) or not scaler.sure or id(scaler) in updated or not step.when.loops:
            continue
        if any(scaler in act.of for _, act in of_kind(acts, Unknown)):
            continue
        name = name_of(scaler, "scaler")
        yield (
            step.when.place,
            (
                f"`{name}.update()` is never called: the scale stays as it is, and the next `{name}.unscale_()` or "
                f"`{name}.step()` raises. Call `{name}.update()` after the step."
            ),
            step.when.place,
        )
