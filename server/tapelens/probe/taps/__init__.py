"""What PyTorch does, as events: each tap puts itself in and takes itself out again."""

from __future__ import annotations

from collections.abc import Callable

from ...events import Event
from ...wire.gradients import Gradients
from ...wire.sites import Site
from ..capture.gradients import GradientWatch, Origins
from ..guard import Report
from ..weaving import Weave, module_calls
from .blaming import Blaming
from .clearing import ClearingTap
from .clipping import ClippingTap
from .engine import EngineTap
from .exceptions import ExceptionTap
from .exit import ExitTap
from .forwards import ForwardTap
from .growth import GrowthTap
from .health import HealthTap
from .held import HeldGradients
from .hooks import HookTap
from .known import KnownModules
from .making import MakingTap
from .marks import Marks
from .optimizers import OptimizerTap
from .scaling import ScalingTap
from .silent import SilentWrites
from .steps import StepClock
from .warned import WarningTap


class Taps:
    """All taps of one process.

    Args:
        emit: Takes each event, on the thread where it happened, before that goes on.
        report_fault: Takes a fault of a tap's, which is quiet from then on.
        on_gradients: Takes what flowed in a watched backward.
        origins: Says where nodes were made, by their sequence numbers.
        calls: Calls of modules, when others listen to them too.

    Attributes:
        watch: Arm it at a stop, and the next backward is watched.
        clock: Where on autograd's clock the program's steps ended.
        blaming: Says which statement is at fault, where a backward raised or will.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        *,
        report_fault: Report,
        on_gradients: Callable[[Gradients], None] = lambda _gradients: None,
        origins: Origins | None = None,
        calls: Weave | None = None,
    ) -> None:
        self.clock = StepClock()
        emit = self.clock.listening(emit)
        held = HeldGradients()
        self.blaming = Blaming(held, origins)
        emit = self.blaming.listening(emit)
        growth = GrowthTap(emit, report_fault, held=held)
        emit = growth.listening(emit)
        hooks = HookTap(emit, report_fault)
        emit = hooks.listening(emit)
        modules = KnownModules()
        forwards = ForwardTap(emit, report_fault, calls=calls or module_calls(), held=held, modules=modules)
        emit = forwards.listening(emit)
        making = held.making = MakingTap(emit, report_fault, held=held, modules=modules)
        silent = SilentWrites(held, origins, report_fault)
        emit = silent.listening(emit)
        self._marks = Marks()
        self.watch = GradientWatch(on_gradients, origins)
        health = HealthTap(emit, report_fault, held=held, origins=origins)
        emit = health.listening(emit)
        scaling = ScalingTap(emit, report_fault, held=held)
        steps = OptimizerTap(emit, report_fault, held=held, scaler=scaling.running)
        clearing = ClearingTap(emit, report_fault, held=held, steps=steps)
        clipping = ClippingTap(emit, report_fault, held=held)
        self._engine = EngineTap(
            emit,
            report_fault,
            held=held,
            marks=self._marks,
            steps=steps,
            watch=self.watch,
            silent=silent,
            blaming=self.blaming,
            beginning=lambda call: (growth.backward_begins(call), health.backward_begins(call)),
        )
        exceptions = ExceptionTap(emit, report_fault, call_of=self._engine.raised.call_of)
        ends = ExitTap(emit, report_fault, raised=lambda: exceptions.raised)
        warned = WarningTap(emit, report_fault, origins=origins)
        self._taps = (
            warned,
            making,
            hooks,
            forwards,
            growth,
            health,
            steps,
            clearing,
            clipping,
            scaling,
            self._engine,
            exceptions,
            ends,
        )

    def install(self) -> None:
        """Put all taps in; torch is imported by now. Again after ``remove`` if wished."""
        for tap in self._taps:
            tap.install()

    def remove(self) -> None:
        """Take all taps out; what is there then is what was there before, unless others came after us."""
        for tap in reversed(self._taps):
            tap.remove()

    def freed_by(self, key: int) -> Site | None:
        """Where the backward ran that freed this node's buffers, when it was seen."""
        return self._marks.site_of(key)

    def ran_by(self, key: int) -> int | None:
        """The backward call that ran this node first and freed its buffers, when it was seen."""
        return self._marks.call_of(key)

    def call_of(self, error: BaseException) -> int | None:
        """The backward call that an exception came out of, for who meets it before the exception hook."""
        return self._engine.raised.call_of(error)
