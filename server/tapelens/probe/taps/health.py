"""The tap on the gradients' health: how large they are as a step uses them, and who made them NaN or infinite."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...events import (
    BackwardEnded,
    BackwardRaised,
    Culprit,
    Event,
    GradientsMeasured,
    LayerNorm,
    NonFiniteUsed,
    Sample,
    StepBegan,
    StepEnded,
)
from ...wire.gradients import FirstNonFinite, Gradients
from ...wire.sites import Site
from ..capture.gradients import GradientWatch, Origins, Watched
from ..capture.guards import undisturbed
from ..capture.reading import read_tensor
from ..capture.variables import local_variables
from ..guard import Report, guard
from ..sites import user_frames
from .beginning import Beginning
from .glance import Glance
from .graph import walk
from .hearing import all_told_first
from .held import READ_FULLY, READ_ONE_OF, HeldGradients, parameters_of
from .names import LookInFrames
from .norms import gradients_of, norms_of, spoilt_among, spoilt_of
from .operations import FRAGILE, line_of
from .samples import sample
from .spoilt import source_of

if TYPE_CHECKING:
    import torch

_WATCHED = 3  # calls of a site, where an operation that is fragile is in the graph
_WATCHED_FOR_LOSS = 8  # calls whose loss is not finite
_WALKED = 2000
_SITES = 4096
_PARAMETERS = 64  # whose values are compared
_TWO = 2  # dimensions of a layer's weight


@dataclass(slots=True)
class _Here:
    """What one thread does.

    Attributes:
        backward: Where the last backward was called.
        culprit: What the first bad backward since the last step showed.
        source: What the forward pass of the running call shows.
        watched: The running call that is watched.
        before: Sampled values of parameters as the running step began, by ``id``; None where all was well.
    """

    backward: Site | None = None
    culprit: Culprit | None = None
    source: Culprit | None = None
    watched: tuple[int, Watched] | None = None
    flowed: FirstNonFinite | None = None
    before: dict[int, Sample] | None = None
    bad: tuple[list[int], str] = field(default_factory=lambda: ([], ""))


class HealthTap:
    """Measures gradients in some steps, watches some backwards."""

    def __init__(
        self, emit: Callable[[Event], None], report: Report, *, held: HeldGradients, origins: Origins | None
    ) -> None:
        self._emit = emit
        self._held = held
        self._guard = guard("the gradients' health", report)
        self._threads: dict[int, _Here] = {}
        self._visits: dict[tuple[str, int], int] = {}
        self._for_loss = 0
        self._suspicious = False
        self._waits = False  # for a call or a step to end
        self._glance = Glance()
        self._origins = origins
        self._watch = GradientWatch(self._flowed, origins)
        self.backward_begins = self._guard(self._backward_begins)

    def install(self) -> None:
        """Begin to look."""
        self._guard.quiet = False

    def remove(self) -> None:
        """Look no more."""
        self._guard.quiet = True
        for here in self._threads.values():
            if here.watched is not None:
                here.watched[1].close()
        self._threads = {}

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``, with this tap told of calls and steps first: of their ends only where it waits for them."""
        ends, ran = self._guard(self._step_ended), self._guard(self._ran)

        def step_ended(event: StepEnded) -> None:
            if self._waits:
                ends(event)

        def has_run(event: BackwardEnded | BackwardRaised) -> None:
            if self._waits:
                ran(event)

        return all_told_first(
            emit,
            {
                StepBegan: self._guard(self._step_began),
                StepEnded: step_ended,
                BackwardEnded: has_run,
                BackwardRaised: has_run,
            },
        )

    def _here(self) -> _Here:
        thread = threading.get_ident()
        here = self._threads.get(thread)
        if here is None:
            here = self._threads[thread] = _Here()
        return here

    # -- backwards --------------------------------------------------------------------------------------

    def _backward_begins(self, call: Beginning) -> None:
        here = self._here()
        here.backward = call.place.user
        if here.watched is not None:  # a call that was never told to end
            self._let_go(here)
        where = call.place.innermost.path, call.place.innermost.line
        visit = self._visits[where] = self._visits.get(where, 0) + 1
        if len(self._visits) > _SITES:
            self._visits = {}
        if call.is_watched or not self._is_worth(here, call, visit):
            return
        self._suspicious = False
        self._watch.arm(0)
        watched = self._watch.before_backward(call.roots, call=call.call, site=call.place.user, alone=call.alone)
        if watched is not None:
            here.watched, self._waits = (call.call, watched), True

    def _is_worth(self, here: _Here, call: Beginning, visit: int) -> bool:
        """Whether to watch this one: something is fragile, or the loss is spoilt already and the parameters are not."""
        here.source = None
        if self._for_loss < _WATCHED_FOR_LOSS and not self._is_finite_loss(call.outputs):
            self._for_loss += 1
            if not self._parameters_are_finite():
                return False
            here.source, self._waits = self._source(call.roots), True
            return here.source is None
        if visit <= _WATCHED and any(
            type(node).__name__ in FRAGILE for node in walk(call.roots, at_most=_WALKED).nodes
        ):
            return True
        return self._suspicious and self._parameters_are_finite()

    def _source(self, roots: list[torch.autograd.graph.Node]) -> Culprit | None:
        found = source_of(roots)
        if found is None:
            return None
        site, module = None, ""
        if self._origins is not None:
            ((site, module, _),) = self._origins([found.sequence])
        return Culprit(found.name, site, module, "forward")

    def _is_finite_loss(self, outputs: object) -> bool:
        """The loss's value; what is not one number is taken for finite."""
        loss: Any = outputs[0] if isinstance(outputs, tuple) and outputs else outputs
        torch = sys.modules["torch"]
        if type(loss) is not torch.Tensor:
            return True
        with torch._C.DisableTorchFunction():
            return self._glance.is_finite(loss)

    def _is_first_finite(self, optimizer: torch.optim.Optimizer) -> bool:
        """One look at each step: at the first parameter, which all that is spoilt above it flows down to."""
        torch = sys.modules["torch"]
        grad = torch._C.TensorBase.grad.__get__
        with torch._C.DisableTorchFunction():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    gradient = grad(parameter)
                    if gradient is not None:
                        return self._glance.is_finite(gradient)
        return True

    def _parameters_are_finite(self) -> bool:
        with undisturbed():
            for optimizer, known in self._held.alive():
                if known.is_shared:
                    continue
                for index, parameter in enumerate(parameters_of(optimizer)):
                    if index < _PARAMETERS and not all(map(math.isfinite, sample(parameter))):
                        return False
        return True

    def _flowed(self, gradients: Gradients) -> None:
        self._here().flowed = gradients.first_nonfinite

    def _let_go(self, here: _Here) -> None:
        watched, here.watched = here.watched, None
        if watched is not None:
            watched[1].close()

    def _ran(self, event: BackwardEnded | BackwardRaised) -> None:
        here = self._here()
        source, here.source = here.source, None
        if here.watched is None or here.watched[0] != event.call:
            here.culprit = here.culprit or source
            return
        watched, here.watched = here.watched[1], None
        here.flowed = None
        self._watch.after_backward(watched, raised=isinstance(event, BackwardRaised))
        here.culprit = here.culprit or _seen(here.flowed)

    # -- steps ------------------------------------------------------------------------------------------

    def _step_began(self, event: StepBegan) -> None:
        if event.inside is not None:
            return
        here = self._here()
        here.before, here.bad = None, ([], "")
        for optimizer, known in self._held.alive():
            if known.serial == event.optimizer and not known.is_shared:
                if event.has_closure:  # what it steps on is not there yet
                    here.before, self._waits = self._values(optimizer), True
                elif self._is_due(event.ordinal) or not self._is_first_finite(optimizer):
                    self._measure(here, optimizer, event)
                return

    def _is_due(self, ordinal: int) -> bool:
        return ordinal <= READ_FULLY or not ordinal % READ_ONE_OF

    def _measure(self, here: _Here, optimizer: torch.optim.Optimizer, event: StepBegan) -> None:
        with undisturbed():
            found = gradients_of(optimizer)
            norms = norms_of([gradient for _, gradient in found])
            bad = spoilt_among(found, norms)
            if bad[0]:
                here.before, here.bad, self._waits = self._values(optimizer), bad, True
                here.culprit = here.culprit or self._alone(sys._getframe())
            if bad[0] or not norms or here.backward is None:
                return
            layers = tuple(
                LayerNorm(id(parameter), norm / math.sqrt(gradient.numel()))
                for (parameter, gradient), norm in zip(found, norms, strict=True)
                if parameter.dim() >= _TWO and norm > 0
            )
        with LookInFrames(sys._getframe(), self._held) as look:
            self._emit(
                GradientsMeasured(
                    step=event.step,
                    optimizer=event.optimizer,
                    ordinal=event.ordinal,
                    backward=here.backward,
                    layers=layers,
                    norm=math.hypot(*norms),
                    look=look,
                )
            )

    def _alone(self, frame: FrameType) -> Culprit | None:
        """The only fragile operation of the graphs that the user's frame still has, if there is one."""
        frames = list(user_frames(frame))
        tensors = (
            [value for value in local_variables(frames[0]).values() if type(value) is sys.modules["torch"].Tensor]
            if frames
            else []
        )
        roots = [node for each in tensors if (node := read_tensor(each).node) is not None]
        fragile = [node for node in walk(roots, at_most=_WALKED).nodes if type(node).__name__ in FRAGILE]
        known = None if self._origins is None else self._origins([each._sequence_nr() for each in fragile])
        origins = [(None, "")] * len(fragile) if known is None else [origin[:2] for origin in known]
        found = {
            site or line_of(type(node).__name__, frames): Culprit(type(node).__name__, site, module, "alone")
            for node, (site, module) in zip(reversed(fragile), reversed(origins), strict=True)
        }
        return next(iter(found.values())) if len(found) == 1 and None not in found else None

    def _values(self, optimizer: torch.optim.Optimizer) -> dict[int, Sample]:
        with undisturbed():
            some = [each for _, each in zip(range(_PARAMETERS), parameters_of(optimizer), strict=False)]
            return {id(each): sample(each) for each in some}

    def _step_ended(self, event: StepEnded) -> None:
        here = self._here()
        before, here.before = here.before, None
        (parameters, what), culprit = here.bad, here.culprit
        here.culprit, here.bad = None, ([], "")
        optimizer = self._held.named(event.optimizer) if before else None
        if before is None or optimizer is None:
            return
        with undisturbed():
            if not parameters:  # a closure's
                parameters, what = spoilt_of(optimizer)
        if not parameters:
            return
        after = self._values(optimizer)
        changed = any(all(map(math.isfinite, was)) and after.get(each, was) != was for each, was in before.items())
        self._suspicious = not changed
        frame = sys._getframe()
        with LookInFrames(frame, self._held) as look:
            self._emit(
                NonFiniteUsed(
                    step=event.step,
                    optimizer=event.optimizer,
                    ordinal=event.ordinal,
                    site=event.site,
                    parameters=tuple(parameters),
                    held=sum(1 for _ in parameters_of(optimizer)),
                    what=what,
                    changed=changed,
                    backward=here.backward,
                    culprit=_located(culprit, frame) if changed else None,
                    look=look,
                )
            )


def _seen(found: FirstNonFinite | None) -> Culprit | None:
    if found is None or found.hook or not found.name:
        return None
    return Culprit(found.name, found.site, found.module, "backward")


def _located(culprit: Culprit | None, frame: FrameType) -> Culprit | None:
    """With its line: the timeline's, else the only one in the frames' source that is written so."""
    if culprit is None or culprit.site is not None:
        return culprit
    return culprit._replace(site=line_of(culprit.node, list(user_frames(frame))))
