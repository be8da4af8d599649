"""Source twin: ``eval()`` in a loop that trains, and no ``train()`` before the next backward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, ModeSet, Step, Unknown
from ...source.flow.reach import everything, overlap
from ...source.flow.values import Instance, Module, Value
from ...source.questions import feeds, name_of, of_kind
from ...wire.findings import Finding
from . import RULE


def eval_in_training(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "eval()" not in file.text and "train(False)" not in file.text:
        return
    said: set[int] = set()
    for trace in file.traces:
        for position, mode in of_kind(trace.acts, ModeSet):
            place = mode.when.place
            if mode.training is not False or id(place.node) in said:
                continue
            found = _trained_in(trace.acts, position, mode)
            if found is None:
                continue
            said.add(id(place.node))
            name = name_of(mode.module, "model")
            used = found.when.place
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"`{name}` stays in evaluation mode: the next round of training runs without its dropout and with "
                    f"batch norm's old statistics. Call `{name}.train()` after the evaluation."
                ),
                related=(related(used.file, used.node, "Training goes on here in evaluation mode."),),
            )


def _trained_in(acts: Sequence[Act], position: int, mode: ModeSet) -> Backward | None:
    """A backward of a later round before any ``train()``, of an optimizer that has trained in training mode."""
    module = mode.module
    if not _has_modes(module):
        return None
    before = [step.optimizer for _, step in of_kind(acts[:position], Step) if overlap((step.optimizer,), (module,))]
    if not before or any(
        _switches(act, module) and not act.training for act in acts[:position] if isinstance(act, ModeSet)
    ):
        return None
    for act in acts[position + 1 :]:
        if isinstance(act, ModeSet) and _switches(act, module) and act.training is not False:
            return None
        if isinstance(act, Unknown) and overlap(act.of, (module,)) is not False:
            return None
        if isinstance(act, Backward) and act.when.loop_from(mode.when) is not None:
            trains = any(feeds(act, (optimizer,)) is True for optimizer in before)
            if trains and act.when.is_with(mode.when):
                return act
    return None


def _switches(act: ModeSet, module: Value) -> bool:
    return overlap((act.module,), (module,)) is not False


def _has_modes(module: Value) -> bool:
    return isinstance(module, (Module, Instance)) and any(
        isinstance(each, Module) and each.has_modes for each in everything((module,))
    )
