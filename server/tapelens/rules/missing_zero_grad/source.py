"""Source twin: two steps of one optimizer, a backward between them, and nothing that may clear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, Step, Updated
from ...source.flow.reach import overlap
from ...source.flow.values import Place, Value
from ...source.questions import feeds, may_clear, may_write, name_of, of_kind, steps_by_number, where
from ...wire.findings import Finding
from . import RULE


def missing_zero_grad(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for place, message, backward in (
            *_steps(trace.acts),
            *_closures(trace.acts),
            *_updates(trace.acts),
        ):
            if id(place.node) not in said:
                said.add(id(place.node))
                sites = () if backward is None else (related(backward.file, backward.node, "This backward adds."),)
                yield finding(RULE, file=place.file, at=place.node, message=message, related=sites)


_Said = Iterator[tuple[Place, str, Place | None]]


def _steps(acts: Sequence[Act]) -> _Said:
    before: dict[int, tuple[int, Step]] = {}
    for position, step in of_kind(acts, Step):
        known = before.get(id(step.optimizer))
        before[id(step.optimizer)] = (position, step)
        if known is None or not step.when.is_with(known[1].when):
            continue
        held = (step.optimizer,)
        between = acts[known[0] + 1 : position]
        backward = _adding(between, held)
        if backward is None or any(may_clear(act, held) for act in between):
            continue
        if not (step.when.follows(backward.when) or known[1].when.follows(backward.when)):
            continue  # it runs now and then
        if any(may_write(act, held) for act in between[: between.index(backward)]):
            continue
        name = name_of(step.optimizer, "optimizer")
        yield (
            step.when.place,
            (
                f"Nothing clears the gradients between one step of `{name}` and the next: the backward at "
                f"{where(backward.when.place)} adds to what the step before used already. "
                f"Call `{name}.zero_grad()` before the backward."
            ),
            backward.when.place,
        )


def _adding(acts: Sequence[Act], held: Sequence[Value]) -> Backward | None:
    """The first backward outside a closure that adds to gradients of these."""
    for _, backward in of_kind(acts, Backward):
        adds = backward.kind == "backward" and not backward.has_inputs and backward.when.step is None
        if adds and feeds(backward, held) is not False:
            return backward
    return None


def _closures(acts: Sequence[Act]) -> _Said:
    optimizers = steps_by_number(acts)
    before: dict[int, tuple[int, Backward]] = {}
    for position, backward in of_kind(acts, Backward):
        optimizer = None if backward.when.step is None else optimizers.get(backward.when.step)
        if optimizer is None or backward.kind == "grad":
            continue
        key = id(backward.when.place.node)
        known = before.get(key)
        before[key] = (position, backward)
        if known is None or optimizers.get(known[1].when.step or 0) is not optimizer:
            continue
        if not backward.when.is_with(known[1].when) or feeds(backward, (optimizer,)) is False:
            continue
        if not any(may_write(act, (optimizer,)) for act in acts[known[0] + 1 : position]):
            name = name_of(optimizer, "optimizer")
            yield (
                backward.when.place,
                (
                    f"Nothing clears the gradients that an earlier call of the closure left, and this backward adds to "
                    f"them: `{name}` uses the sum. Call `{name}.zero_grad()` at the beginning of the closure."
                ),
                None,
            )


def _updates(acts: Sequence[Act]) -> _Said:
    before: list[tuple[int, Updated]] = []
    for position, update in of_kind(acts, Updated):
        known = next(
            (
                each
                for each in reversed(before)
                if each[1].when.place.node is update.when.place.node and overlap((each[1].of,), (update.of,))
            ),
            None,
        )
        before.append((position, update))
        if known is None or not update.when.is_with(known[1].when):
            continue
        held = (update.of,)
        between = acts[known[0] + 1 : position]
        backward = _adding(between, held)
        if backward is None or feeds(backward, held) is None or any(may_write(act, held) for act in between):
            continue
        name = name_of(update.of, "the parameter")
        yield (
            backward.when.place,
            (
                f"`{name}` still holds the gradient that the update at {where(update.when.place)} used already when "
                f"this backward adds to it, and the next update uses the sum. Clear it after each update: "
                f"`{name}.grad = None`."
            ),
            None,
        )
