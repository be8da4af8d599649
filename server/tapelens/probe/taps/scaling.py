"""The tap on GradScaler: what scales, unscales, steps and updates, and when."""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...events import Event, ScalerScaled, ScalerStepped, ScalerUnscaled, ScalerUpdated
from ...wire.sites import Site
from ..guard import Report, guard
from ..keys import key_of
from ..sites import place_of
from ..weaving import Leave, Weave, leave_nothing
from .graph import root_nodes
from .held import HeldGradients, parameters_of
from .samples import number
from .woven import WovenTap

if TYPE_CHECKING:
    import torch

_HOME = "torch.amp.grad_scaler"
_SCALERS = 256
_OFF = "not self._enabled"


class ScalingTap(WovenTap):
    """Listens to the methods of enabled scalers."""

    def __init__(self, emit: Callable[[Event], None], report: Report, *, held: HeldGradients) -> None:
        self._emit = emit
        self._held = held
        self._guard = guard("gradient scaling", report)
        self._serials = itertools.count(1)
        self._scalers: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._stepping = threading.local()
        super().__init__(
            self._guard,
            (
                (Weave(_HOME, "GradScaler.scale", unless=_OFF), self._enter(self._scale)),
                (Weave(_HOME, "GradScaler.unscale_", given="self, optimizer", unless=_OFF), self._enter(self._unscale)),
                (Weave(_HOME, "GradScaler.step", given="self, optimizer", unless=_OFF), self._enter(self._step)),
                (Weave(_HOME, "GradScaler.update", unless=_OFF), self._enter(self._update)),
            ),
        )

    def running(self) -> int | None:
        """The scaler whose ``step`` runs on this thread."""
        stack = getattr(self._stepping, "stack", None)
        return stack[-1] if stack else None

    def _enter(self, enter: Callable[..., Leave | None]) -> Callable[..., Leave]:
        careful = self._guard(enter)
        return lambda *given: careful(*given) or leave_nothing

    def _serial(self, scaler: Any) -> int:  # noqa: ANN401 (a GradScaler)
        known = self._scalers.get(id(scaler))
        if known is None or known[0]() is not scaler:
            while len(self._scalers) >= _SCALERS:
                del self._scalers[next(iter(self._scalers))]
            known = self._scalers[id(scaler)] = (weakref.ref(scaler), next(self._serials))
        return known[1]

    def _scale(self, scaler: Any) -> Leave:  # noqa: ANN401
        serial, site = self._serial(scaler), _site()
        reference = weakref.ref(scaler)

        def scaled(output: object) -> None:
            if output is ... or not isinstance(output, (sys.modules["torch"].Tensor, list, tuple)):
                return
            roots = tuple(key_of(node) for node in root_nodes(output))
            scale = number(getattr(reference(), "_scale", None))
            self._emit(ScalerScaled(scaler=serial, scale=scale, roots=roots, site=site))

        return self._guard(scaled)  # pyright: ignore[reportReturnType]

    def _unscale(self, scaler: Any, optimizer: torch.optim.Optimizer) -> None:  # noqa: ANN401
        self._emit(
            ScalerUnscaled(
                scaler=self._serial(scaler),
                optimizer=self._held.serial_of(optimizer),
                parameters=frozenset(map(id, parameters_of(optimizer))),
                site=_site(),
            )
        )

    def _step(self, scaler: Any, optimizer: torch.optim.Optimizer) -> Leave:  # noqa: ANN401
        serial = self._serial(scaler)
        stack: list[int] = self._stepping.__dict__.setdefault("stack", [])
        stack.append(serial)
        depth = len(stack)
        self._emit(
            ScalerStepped(
                scaler=serial,
                optimizer=self._held.serial_of(optimizer),
                parameters=frozenset(map(id, parameters_of(optimizer))),
                site=_site(),
            )
        )

        def stepped(_output: object) -> None:
            del stack[depth - 1 :]

        return stepped

    def _update(self, scaler: Any) -> None:  # noqa: ANN401
        self._emit(ScalerUpdated(scaler=self._serial(scaler), site=_site()))


def _site() -> Site:
    return place_of(sys._getframe(4)).user
