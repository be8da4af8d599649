"""The tap on optimizers: what a step finds and what it leaves."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...events import Event, StepBegan, StepEnded
from ...wire.sites import Site
from ..guard import Report, guard
from ..sites import user_site
from .held import HeldByOptimizer, HeldGradients
from .names import LookInFrames
from .running import Running
from .updates import Found, overflowed

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """A step that runs. Numbers only: nothing may be held until it ends.

    Attributes:
        found: What it found as it began.
    """

    serial: int
    ordinal: int
    known: HeldByOptimizer
    site: Site
    found: Found


class OptimizerTap:
    """Hooks that PyTorch calls around every optimizer's ``step``.

    Args:
        emit: Takes each event.
        report: Takes a fault of ours.
        held: Gradients that optimizers hold.
        scaler: The GradScaler whose ``step`` runs now on this thread.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        report: Report,
        *,
        held: HeldGradients,
        scaler: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._emit = emit
        self._held = held
        self._scaler = scaler
        self._guard = guard("optimizer steps", report)
        self._serials = itertools.count(1)
        self._running: Running[Step] = Running()
        self._handles: list[Any] = []

    def install(self) -> None:
        """Watch every step from now on, also of optimizers that are there already."""
        self._guard.quiet = False
        torch = sys.modules["torch"]
        is_compiling = torch.compiler.is_compiling
        began, ended = self._guard(self._began), self._guard(self._ended)

        # NOTE [first line of the hooks]: while torch.compile traces, anything but this return would
        # break the user's graph.
        def before_step(optimizer: torch.optim.Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if is_compiling():
                return
            began(optimizer, args, kwargs, sys._getframe(1))

        def after_step(optimizer: torch.optim.Optimizer, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
            if is_compiling():
                return
            ended(optimizer, sys._getframe(1))

        hooks = sys.modules["torch.optim.optimizer"]
        self._handles = [
            hooks.register_optimizer_step_pre_hook(before_step),
            hooks.register_optimizer_step_post_hook(after_step),
        ]

    def remove(self) -> None:
        """Take the hooks out."""
        self._guard.quiet = True
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def running(self, frame: FrameType) -> Step | None:
        """The innermost step that the frame runs in."""
        return self._running.innermost(frame)

    def _began(
        self, optimizer: torch.optim.Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
    ) -> None:
        outer = self._running.innermost(frame.f_back or frame)
        known = self._held.of(optimizer)
        if outer is None or outer.known is not known:  # not super().step()
            known.steps += 1
        found = known.find(
            optimizer, backwards=self._held.backwards, cleared=0 < self._held.backwards == self._held.cleared
        )
        is_own = outer is not None and outer.known is known  # super().step(): what was called is the outer one
        site = outer.site if outer is not None and is_own else user_site(frame)
        step = Step(next(self._serials), known.steps, known, site, found)
        self._running.enter(step, frame)
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        with LookInFrames(frame, self._held) as look:
            self._emit(
                StepBegan(
                    step=step.serial,
                    inside=None if outer is None else outer.serial,
                    optimizer=known.serial,
                    ordinal=step.ordinal,
                    site=step.site,
                    has_closure=closure is not None,
                    held=known.before_step(optimizer),
                    look=look,
                    learning_rates=found.rates,
                    found_inf=overflowed(optimizer),
                    scaler=self._scaler(),
                    gradients=found.gradients,
                    had_gradients=known.updates.had_gradients,
                    stale=found.stale,
                )
            )

    def _ended(self, optimizer: torch.optim.Optimizer, frame: FrameType) -> None:
        known = self._held.of(optimizer)
        step = self._running.latest()
        if step is None or step.known is not known:  # one inside raised
            step = self._running.innermost(frame)
        if step is None or step.known is not known:
            return
        self._running.leave(step)
        moved, frozen = known.updates.after(optimizer, step.found)
        self._held.stepped = self._held.backwards
        with LookInFrames(frame, self._held) as look:
            self._emit(
                StepEnded(
                    step=step.serial,
                    optimizer=known.serial,
                    ordinal=step.ordinal,
                    site=step.site,
                    held=known.after_step(optimizer, backwards=self._held.backwards),
                    moved=moved,
                    frozen=frozen,
                    look=look,
                )
            )
