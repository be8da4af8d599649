"""The tap on ``zero_grad`` of optimizers and modules: what a clearing takes away that no step has used."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...events import Event, GradsCleared
from ..capture.guards import undisturbed
from ..guard import Report, guard
from ..sites import place_of
from ..weaving import Leave, Weave, leave_nothing
from .held import HeldGradients, parameters_of
from .names import LookInFrames
from .optimizers import OptimizerTap
from .samples import sample_gradient
from .woven import WovenTap

if TYPE_CHECKING:
    import torch

_READ = 64  # clearings of a site that are looked at, after that one of
_READ_ONE_OF = 50
_SITES = 4096
_SAMPLED = 16  # gradients whose values are read
_FOUND = 4096


class ClearingTap(WovenTap):
    """Listens to both ``zero_grad``.

    NOTE [clearings of interest]: a sound loop clears what a step has just used, or what was never there.
    Only where a backward ran since the last step of any optimizer is there something to tell; in the
    others all that is done is one comparison.
    """

    def __init__(
        self, emit: Callable[[Event], None], report: Report, *, held: HeldGradients, steps: OptimizerTap
    ) -> None:
        self._emit = emit
        self._held = held
        self._steps = steps
        self._guard = guard("clearing of gradients", report)
        self._visits: dict[tuple[str, int], int] = {}
        super().__init__(
            self._guard,
            (
                (Weave("torch.optim.optimizer", "Optimizer.zero_grad.__wrapped__"), self._enter(self._optimizer)),
                (Weave("torch.nn.modules.module", "Module.zero_grad"), self._enter(self._module)),
            ),
        )

    def _enter(self, enter: Callable[[Any], None]) -> Callable[[Any], Leave]:
        careful = self._guard(enter)

        def entered(owner: object) -> Leave:
            if self._held.backwards != self._held.stepped:
                careful(owner)
            self._held.cleared = self._held.backwards
            return leave_nothing

        return entered

    def _optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        self._clear(optimizer, lambda: parameters_of(optimizer))

    def _module(self, module: torch.nn.Module) -> None:
        self._clear(None, module.parameters)

    def _clear(self, optimizer: torch.optim.Optimizer | None, parameters: Callable[[], Iterable[torch.Tensor]]) -> None:
        frame = sys._getframe(3)
        place = place_of(frame)
        key = place.innermost.path, place.innermost.line
        visit = self._visits[key] = self._visits.get(key, 0) + 1
        if len(self._visits) > _SITES:
            self._visits = {}
        step = self._steps.running(frame)
        cleared: frozenset[int] = frozenset()
        finite, read = True, visit <= _READ or not visit % _READ_ONE_OF
        read = read and (optimizer is None or self._held.may_read(optimizer))
        holders: frozenset[int] = frozenset()
        elsewhere = False
        if read:
            cleared, finite = _cleared(parameters())
            holders, elsewhere = self._holders(cleared, optimizer)
        with LookInFrames(frame, self._held) as look:
            self._emit(
                GradsCleared(
                    by="module" if optimizer is None else "optimizer",
                    optimizer=None if optimizer is None else self._held.serial_of(optimizer),
                    step=None if step is None else step.serial,
                    site=place.user,
                    innermost=place.innermost,
                    read=read,
                    cleared=cleared,
                    holders=holders,
                    elsewhere=elsewhere,
                    finite=finite,
                    look=look,
                )
            )

    def _holders(self, cleared: frozenset[int], optimizer: torch.optim.Optimizer | None) -> tuple[frozenset[int], bool]:
        """Who holds any of what is cleared, and whether another one holds a gradient that stays."""
        holders: set[int] = set()
        elsewhere = False
        if cleared and optimizer is not None:
            holders.add(self._held.serial_of(optimizer))
        for each in self._held.readable() if cleared else ():
            held = list(parameters_of(each))
            if any(id(parameter) in cleared for parameter in held):
                holders.add(self._held.serial_of(each))
            elif not elsewhere:
                with sys.modules["torch"]._C.DisableTorchFunction():
                    elsewhere = any(parameter.grad is not None for parameter in held)
        return frozenset(holders), elsewhere


def _cleared(parameters: Iterable[torch.Tensor]) -> tuple[frozenset[int], bool]:
    """Ids of the parameters whose gradient is not zero, and whether all values read are finite."""
    with sys.modules["torch"]._C.DisableTorchFunction():
        found = [
            (parameter, gradient)
            for parameter in itertools.islice(parameters, _FOUND)
            if parameter.is_leaf and (gradient := parameter.grad) is not None
        ]
    finite = True
    cleared: set[int] = set()
    with undisturbed():
        for index, (parameter, gradient) in enumerate(found):
            values = sample_gradient(gradient) if index < _SAMPLED else ()
            if values is not None:
                finite = finite and all(map(math.isfinite, values))
                cleared.add(id(parameter))
    return frozenset(cleared), finite
