"""The tap on the backward engine: one seam that every call from Python goes through."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...events import (
    BackwardBegan,
    BackwardEnded,
    BackwardRaised,
    Event,
    Held,
    HeldKey,
    Leaves,
    Look,
    Sample,
)
from ...wire.sites import Site
from ..capture.gradients import GradientWatch, Watched
from ..guard import Report, guard, text_of
from ..keys import keys_of
from ..sites import Place, place_of, user_frame
from .beginning import Beginning
from .blaming import Blaming
from .calls import brings_gradient, root_expression, says_retain_graph
from .carrier import Carrier, find_carrier
from .graph import root_nodes, roots_of
from .held import HeldGradients
from .importlib_bootstrap_seam import seam
from .leaves import outside_optimizers, read_leaves
from .looking import Asked, GraphLooks
from .marks import Marks
from .names import LookInFrames
from .optimizers import OptimizerTap, Step
from .raised import Raised
from .running import Running
from .silent import SilentWrites

if TYPE_CHECKING:
    import torch

_SEAM = "_engine_run_backward"
_HOMES = ("torch.autograd", "torch.autograd.graph")
_FREED = "Trying to backward through the graph a second time"
_ANALYSED = 8  # raising calls whose frames are searched
_KNOWS_NOTHING = Look()


@dataclass(eq=False, slots=True)
class _Call:
    """A call that runs. It holds leaves and frames, so it lives no longer than the call."""

    serial: int
    inside: int | None
    site: Site
    accumulates: bool
    retains: bool
    creates: bool
    thread: int
    step: Step | None = None
    held: Held = field(default_factory=dict[HeldKey, "Any"])
    leaves: list[torch.Tensor] = field(default_factory=list["torch.Tensor"])
    reached: list[torch.Tensor] = field(default_factory=list["torch.Tensor"])
    look: Look = _KNOWS_NOTHING
    watched: Watched | None = None


class EngineTap:
    """Stands between ``torch.autograd`` and the engine.

    NOTE [one name in two modules]: ``torch.autograd`` calls the name that it imported;
    ``torch.compiler`` saves and restores the one in ``torch.autograd.graph``.

    Attributes:
        raised: Exceptions that left a call.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        report: Report,
        *,
        held: HeldGradients,
        marks: Marks,
        steps: OptimizerTap,
        watch: GradientWatch,
        silent: SilentWrites,
        blaming: Blaming,
        beginning: Callable[[Beginning], object] | None = None,
    ) -> None:
        self._emit = emit
        self._held = held
        self._marks = marks
        self._steps = steps
        self._watch = watch
        self._looks = GraphLooks(marks=marks, silent=silent)
        self._beginning = beginning
        self._guard = guard("backward", report)
        self._watch_guard = guard("gradients of a backward", report)
        self._serials = itertools.count(1)
        self._running: Running[_Call] = Running()
        self._outermost: dict[int, _Call] = {}
        self.raised = Raised()
        self._analysed = 0
        self._blaming = blaming
        self._put: Callable[..., Any] | None = None
        self._was: dict[str, Any] = {}

    def install(self) -> None:
        """Take the seam's place in both modules."""
        self._guard.quiet = self._watch_guard.quiet = False
        torch = sys.modules["torch"]
        run_backward = getattr(sys.modules[_HOMES[1]], _SEAM)
        tapped = seam(
            run_backward,
            is_compiling=torch.compiler.is_compiling,
            begin=self._guard(self._begin),
            end=self._guard(self._end),
            fail=self._guard(self._fail),
            let_go=self._let_go,
        )
        self._was = {home: getattr(sys.modules[home], _SEAM) for home in _HOMES}
        self._put = tapped
        for home in _HOMES:
            setattr(sys.modules[home], _SEAM, tapped)

    def remove(self) -> None:
        """Put back what was there; where someone took the place after us, stay and be quiet."""
        self._guard.quiet = self._watch_guard.quiet = True
        for home, was in self._was.items():
            if getattr(sys.modules[home], _SEAM) is self._put:
                setattr(sys.modules[home], _SEAM, was)
        self._was = {}

    # -- a call begins ----------------------------------------------------------------------------------

    def _begin(self, outputs: object, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> _Call:
        outer = frame.f_back or frame
        retains, creates = bool(args[1]), bool(args[2])
        inside = self._inside(outer)
        place = place_of(outer)
        call = _Call(
            serial=next(self._serials),
            inside=inside,
            site=place.user if place.frame is not None else self._site_of(inside, place),
            accumulates=bool(kwargs.get("accumulate_grad", False)),
            retains=retains,
            creates=creates,
            thread=threading.get_ident(),
            step=self._steps.running(outer),
        )
        self._running.enter(call, frame)
        try:
            self._announce(call, outputs, args[0], inputs=tuple(*args[3:4]), outer=outer, place=place)
        except BaseException:
            self._let_go(call)
            raise
        return call

    def _announce(
        self,
        call: _Call,
        outputs: object,
        gradients: object,
        *,
        inputs: tuple[object, ...],
        outer: FrameType,
        place: Place,
    ) -> None:
        leaves_before: Leaves = {}
        values: dict[HeldKey, Sample] = {}
        roots = roots_of(outputs)
        alone = partial(self._is_alone, call)
        retains_literally = call.retains and says_retain_graph(place.frame)
        if call.inside is None:
            self._outermost[call.serial] = call
            call.look = self._looks.names(outer, self._held, call.site)
        seen = self._looks.look(
            Asked(
                serial=call.serial,
                is_inside=call.inside is not None,
                site=call.site,
                where=(place.innermost.path, place.innermost.line),
                accumulates=call.accumulates,
                retains=call.retains,
                creates=call.creates,
                follows=retains_literally or call.creates,
                roots=roots,
                inputs=inputs,
                frame=outer,
                alone=alone,
                step_site=None if call.step is None else call.step.site,
            )
        )
        call.reached = seen.leaves
        if call.accumulates:
            call.leaves = outside_optimizers(call.reached, self._held)
        if call.inside is None and call.accumulates:
            leaves_before = read_leaves(call.leaves)
            call.held = self._held.before_backward()
            if call.step is not None:
                values = self._values(call, call.held)
        if self._beginning is not None and call.inside is None and call.accumulates:
            self._beginning(
                Beginning(
                    outputs=outputs,
                    roots=roots.nodes,
                    frame=outer,
                    place=place,
                    call=call.serial,
                    in_step=call.step is not None,
                    is_watched=self._watch.is_armed,
                    alone=alone,
                )
            )
        self._emit(
            BackwardBegan(
                call=call.serial,
                inside=call.inside,
                step=None if call.step is None else call.step.serial,
                site=call.site,
                innermost=place.innermost,
                accumulates=call.accumulates,
                retain_graph=call.retains,
                create_graph=call.creates,
                retains_literally=retains_literally,
                held=call.held,
                values=values,
                leaves=leaves_before,
                look=call.look,
                walked=seen.whole,
                reuses=seen.reuses,
                gone=seen.gone,
                explicit_gradient=brings_gradient(outer, gradients),
                roots=tuple(keys_of(roots.nodes)),
                ran_before=seen.ran_before,
                reaches=seen.reaches,
                filled=seen.filled,
                standing=seen.standing,
                root_is_leaf=roots.has_leaf,
                silently_changed=seen.silently_changed,
            )
        )
        if call.inside is None and self._watch.is_armed:
            call.watched = self._watch_guard(self._watch.before_backward)(
                roots.nodes, call=call.serial, site=call.site, alone=alone
            )

    def _inside(self, frame: FrameType) -> int | None:
        outer = self._running.innermost(frame)
        if outer is not None:
            return outer.serial
        # NOTE [device threads]: the engine runs an accelerator's nodes on threads of its own; a call
        # made there (a reentrant checkpoint) is inside one that another thread waits in.
        return next(reversed(self._outermost), None) if _is_foreign() else None

    def _site_of(self, inside: int | None, place: Place) -> Site:
        """On a device thread the user's line is where the outermost call waits."""
        outermost = None if inside is None else self._outermost.get(inside)
        return place.user if outermost is None else outermost.site

    def _is_alone(self, call: _Call) -> bool:
        """No other thread runs a backward, which might be of the same leaves (held.py, other threads)."""
        return all(running.thread == call.thread for running in list(self._outermost.values()))

    def _values(self, call: _Call, keys: Iterable[HeldKey]) -> dict[HeldKey, Sample]:
        optimizer = None if call.step is None else call.step.known.reference()
        if call.step is None or optimizer is None:
            return {}
        return call.step.known.values(optimizer, keys)

    # -- and ends ---------------------------------------------------------------------------------------

    def _end(self, call: _Call) -> None:
        self._running.leave(call)
        if call.watched is not None:
            self._watch_guard(self._watch.after_backward)(call.watched, raised=False)
        held: Held = {}
        values: dict[HeldKey, Sample] = {}
        leaves_after: Leaves = {}
        if call.inside is None and call.accumulates:
            if not self._is_alone(call):
                call.reached = call.leaves = []
            leaves_after = read_leaves(call.leaves)
            if call.held:
                held = self._held.after_backward(call.held)
            optimizer = None if call.step is None else call.step.known.reference()
            if call.step is not None and optimizer is not None:
                held |= call.step.known.leave(optimizer)
                values = self._values(call, held)
        self._looks.ended(call.serial, call.reached if call.accumulates else [])
        self._emit(
            BackwardEnded(
                call=call.serial,
                step=None if call.step is None else call.step.serial,
                site=call.site,
                held=held,
                values=values,
                leaves=leaves_after,
                look=call.look,
            )
        )

    def _fail(self, call: _Call, error: BaseException, outputs: object, frame: FrameType) -> None:
        self._running.leave(call)
        self._looks.raised(call.serial)
        if call.watched is not None:
            self._watch_guard(self._watch.after_backward)(call.watched, raised=True)
        text = text_of(error)
        freed = _FREED in text
        carrier = Carrier(None, None)
        user = user_frame(frame)
        if freed and self._analysed < _ANALYSED:
            self._analysed += 1
            carrier = find_carrier(root_nodes(outputs), frame, call=call.serial, marks=self._marks)
        cut, change = self._blaming.look(text, outputs, frame)
        self.raised.remember(error, call.serial)
        self._emit(
            BackwardRaised(
                call=call.serial,
                step=None if call.step is None else call.step.serial,
                site=call.site,
                message=text,
                expression=root_expression(user),
                freed=freed,
                carrier=carrier.name,
                freed_by=carrier.freed_by,
                cut=cut,
                change=change,
            )
        )

    def _let_go(self, call: _Call) -> None:
        """An exception's traceback keeps our frame, and what it names, for long."""
        self._outermost.pop(call.serial, None)
        if call.watched is not None:
            call.watched.close()
        if isinstance(call.look, LookInFrames):
            call.look.close()
        call.leaves, call.reached, call.look, call.watched = [], [], _KNOWS_NOTHING, None


def _is_foreign() -> bool:
    """The thread was not made by Python. ``current_thread()`` would make up an object for it."""
    return threading.get_ident() not in threading._active
