"""Runtime twin: an optimizer that trained in training mode goes on in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from ...events import BackwardBegan, Event, ForwardRan, ForwardsWatched, ModeSet, OptimizerMade, StepBegan, StepEnded
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from ..watched import Watched
from . import RULE

_RUNNING = 3
_MODES = 64


@dataclass(slots=True)
class _Iteration:
    """What an optimizer's next step will use.

    Attributes:
        root: Serial of the outermost module that ran last in evaluation mode.
        training: Some call was in training mode, or a layer that depends on it was.
        layers: Layers that depend on the mode, by serial, with the names of their classes.
        backward: The latest backward since the last step.
    """

    root: int = 0
    training: bool = False
    layers: dict[int, str] = field(default_factory=dict[int, str])
    backward: Site | None = None


class EvalInTraining:
    """Follows in which mode the calls ran that feed each optimizer's steps."""

    wants: ClassVar[tuple[type, ...]] = (
        ForwardRan,
        ForwardsWatched,
        OptimizerMade,
        ModeSet,
        BackwardBegan,
        StepBegan,
        StepEnded,
    )

    def __init__(self) -> None:
        self._watched = Watched()
        self._iterations: dict[int, _Iteration] = {}
        self._trained: set[int] = set()
        self._running: dict[int, int] = {}
        self._modes: dict[int, Site] = {}
        self._said: set[tuple[int, Site]] = set()

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak as the third such step begins."""
        match event:
            case ForwardRan():
                self._ran(event)
            case ModeSet():
                self._modes.pop(event.module, None)  # the latest is last
                self._modes[event.module] = event.site
                if len(self._modes) > _MODES:
                    del self._modes[next(iter(self._modes))]
            case BackwardBegan(accumulates=True, inside=None):
                for iteration in self._iterations.values():
                    iteration.backward = event.site
            case StepBegan():
                yield from self._step(event)
            case ForwardsWatched():
                self._iterations.clear()
                self._running.clear()
            case _:
                pass
        self._watched.hear(event)

    def _ran(self, event: ForwardRan) -> None:
        if not event.with_grad:
            return
        layers = [module for module in event.ran if module.depends_on_mode]
        in_training = event.training or any(module.training for module in layers)
        for optimizer in {serial for module in event.ran for serial in module.held_by}:
            iteration = self._iterations.setdefault(optimizer, _Iteration())
            iteration.training = iteration.training or in_training
            if not in_training:
                iteration.root = event.module
                iteration.layers.update((module.module, module.kind) for module in layers)

    def _step(self, event: StepBegan) -> Iterator[Finding]:
        iteration = self._iterations.pop(event.optimizer, None)
        if event.inside is not None or iteration is None or iteration.backward is None:
            return
        if not self._watched.is_whole(event.optimizer):
            return
        if iteration.training:
            self._trained.add(event.optimizer)
            self._running[event.optimizer] = 0
        elif iteration.layers and event.optimizer in self._trained:
            running = self._running[event.optimizer] = self._running.get(event.optimizer, 0) + 1
            if running == _RUNNING:
                yield from self._say(event, iteration, iteration.backward)

    def _say(self, event: StepBegan, iteration: _Iteration, backward: Site) -> Iterator[Finding]:
        put = self._eval_of(event, iteration.root)
        at = put or backward
        if (event.optimizer, at) in self._said:
            return
        self._said.add((event.optimizer, at))
        model, optimizer = event.look.module(iteration.root), event.look.optimizer(event.optimizer)
        kinds = sorted(set(iteration.layers.values()))
        count = len(iteration.layers)
        layers = "a layer" if count == 1 else f"{count} layers"
        since = f"`{model}` is in evaluation mode since this line" if put else f"`{model}` is in evaluation mode"
        yield finding(
            RULE,
            at=at,
            message=(
                f"{since}, and the last {_RUNNING} steps of `{optimizer}` trained it so, though earlier steps "
                f"trained it in training mode: {layers} ({', '.join(kinds)}) worked as in evaluation. Call "
                f"`{model}.train()` before training goes on."
            ),
            related=(
                Related(site=backward, message="This backward runs what was computed in evaluation mode."),
                Related(site=event.site, message=f"This step of `{optimizer}` is the third in a row that uses it."),
            ),
            facts=(Fact(name="layers in evaluation mode", value=str(count)),),
        )

    def _eval_of(self, event: StepBegan, root: int) -> Site | None:
        """Where the module, or one that holds it, was put in evaluation mode last."""
        for module, site in reversed(self._modes.items()):
            if module == root or event.look.holds(module, root):
                return site
        return None
