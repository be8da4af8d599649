"""What an optimizer's step finds and what it changes, by a few values and only while that is of interest."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...events import Evidence, Sample
from ..capture.guards import undisturbed
from .samples import number, sample, sample_gradient, version_of

if TYPE_CHECKING:
    import torch

_COMPARED = 8  # gradients whose values are compared with what they were
_SEARCHED = 64  # gradients that are searched for one that is not zero
_WATCHED = 8  # parameters that are watched for a change
_FLAT = 1e-4  # a smaller slope may well move nothing: the program has converged
_UNKNOWN = Evidence(0, 0, ())
_PATIENCE = 64  # steps in which they are, when none ever changes

Gradients = Literal["some", "zero", "none"]
Rates = tuple[float | None, ...]


class Found(NamedTuple):
    """What a step found. Numbers only.

    Attributes:
        gradients: As in ``StepBegan``; zeros were looked for only after a clearing.
        stands: By object and version all gradients are as the last step left them.
        stale: By their values, too.
        rates: Learning rates; empty when they were not looked at.
        watched: Values of parameters that should change, by id.
        frozen: Values of frozen parameters that should not.
    """

    gradients: Gradients | None = None
    stands: bool = False
    stale: bool | None = None
    rates: Rates = ()
    watched: dict[int, Sample] = {}  # noqa: RUF012 (never written)
    frozen: dict[int, Sample] = {}  # noqa: RUF012


class Updates:
    """One optimizer's steps.

    Attributes:
        had_gradients: A parameter had a gradient at some step.
    """

    def __init__(self) -> None:
        self.had_gradients = False
        self._moved = False
        self._looks = 0
        self._frozen: dict[int, Evidence | None] = {}  # gradients of frozen parameters after the last step

    def before(
        self,
        optimizer: torch.optim.Optimizer,
        *,
        left: dict[int, int] | None,
        used: dict[int, Evidence],
        cleared: bool,
        often: bool,
    ) -> Found:
        """Look as the step begins.

        Args:
            optimizer: The one that steps.
            left: Versions by id of the gradients that its last step left; None when they were not noted.
            used: Evidence of them by parameter, where it was read.
            cleared: Gradients were cleared since the last backward: some that are there may be zero.
            often: It is time to look at everything.
        """
        with sys.modules["torch"]._C.DisableTorchFunction():
            standing, fresh = _gradients_of(optimizer, left or {})
            frozen = _frozen_of(optimizer) if often or self._frozen else []
        gradients: Gradients | None = "some" if standing or fresh is not None else "none"
        self.had_gradients |= gradients == "some"
        stands = fresh is None and bool(standing)
        stale: bool | None = False
        if stands:
            stale = _are_unchanged(standing, used)
        if cleared and gradients == "some":
            gradients = _search(optimizer)
        found = Found(gradients, stands, stale)
        if not self._moved and self._looks < _PATIENCE:
            self._looks += 1
            rates = rates_of(optimizer)
            found = found._replace(rates=rates, watched=_watch(optimizer, rates))
        return found._replace(frozen=self._unused(frozen)) if frozen else found

    def after(self, optimizer: torch.optim.Optimizer, found: Found) -> tuple[bool | None, tuple[int, ...]]:
        """Whether what was watched has moved (None: nothing was), and which frozen parameters have."""
        moved = None
        if found.watched:
            now = _values(optimizer, found.watched.keys())
            moved = any(now.get(key) not in {None, values} for key, values in found.watched.items())
            self._moved |= moved
        changed: tuple[int, ...] = ()
        if found.frozen:
            now = _values(optimizer, found.frozen.keys())
            changed = tuple(key for key, values in found.frozen.items() if now.get(key) not in {None, values})
        return moved, changed

    def note_frozen(self, optimizer: torch.optim.Optimizer, *, often: bool) -> None:
        """What gradients frozen parameters have as a step ends."""
        if not often and not self._frozen:
            return
        with sys.modules["torch"]._C.DisableTorchFunction():
            frozen = _frozen_of(optimizer)
        with undisturbed():
            self._frozen = {id(parameter): _evidence(gradient) for parameter, gradient in frozen}

    def _unused(self, frozen: list[tuple[torch.Tensor, torch.Tensor]]) -> dict[int, Sample]:
        """Values of those that were frozen at the last step's end; none where one of them has a new gradient.

        NOTE [frozen for another's loss]: who is frozen while the generator's graph is made has gradients of
        its own by then, though one among them may be zero.
        """
        unused: dict[int, Sample] = {}
        with undisturbed():
            for parameter, gradient in itertools.islice(frozen, _SEARCHED):
                then = self._frozen.get(id(parameter), _UNKNOWN)
                now = _evidence(gradient)
                if now is not None and (then is None or then is _UNKNOWN or not now.proves(then)):
                    return {}
                if then is not _UNKNOWN and len(unused) < _WATCHED and (values := sample(parameter)):
                    unused[id(parameter)] = values
        return unused


def rates_of(optimizer: torch.optim.Optimizer) -> Rates:
    """The groups' learning rates; None for what is no number that can be read."""
    return tuple(number(group.get("lr")) for group in optimizer.param_groups)


def overflowed(optimizer: torch.optim.Optimizer) -> bool:
    """A fused optimizer was told that its gradients overflowed; False where it may not be read."""
    found = getattr(optimizer, "found_inf", None)
    return found is not None and bool(number(found))


def _pairs(optimizer: torch.optim.Optimizer) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            gradient = parameter.grad
            if gradient is not None:
                yield parameter, gradient


def _gradients_of(
    optimizer: torch.optim.Optimizer, left: dict[int, int]
) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor | None]:
    """Those that are as they were left, up to the first that is not, and that one."""
    standing: list[tuple[torch.Tensor, torch.Tensor]] = []
    for parameter, gradient in _pairs(optimizer):
        if not left or left.get(id(gradient)) != version_of(gradient):
            return standing, gradient
        standing.append((parameter, gradient))
    return standing, None


def _frozen_of(optimizer: torch.optim.Optimizer) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [
        (parameter, parameter.grad)
        for group in optimizer.param_groups
        for parameter in group["params"]
        if not parameter.requires_grad and parameter.grad is not None
    ]


def _are_unchanged(standing: list[tuple[torch.Tensor, torch.Tensor]], used: dict[int, Evidence]) -> bool | None:
    """Whether their values are what the last step left; None where those were not read."""
    compared = 0
    with undisturbed():
        for parameter, gradient in standing:
            then = used.get(id(parameter))
            if then is None or not then.sample:
                continue
            now = _evidence(gradient)
            if now is None or not now.proves(then):
                return False
            compared += 1
            if compared == _COMPARED:
                break
    return True if compared else None


def _evidence(gradient: torch.Tensor) -> Evidence | None:
    """None for one that is zero. Call it ``undisturbed``."""
    values = sample_gradient(gradient)
    return None if values is None else Evidence(id(gradient), version_of(gradient), values)


def _search(optimizer: torch.optim.Optimizer) -> Gradients | None:
    """Whether one of the gradients is not zero; None where that cannot be told."""
    with sys.modules["torch"]._C.DisableTorchFunction():
        found = list(itertools.islice(_pairs(optimizer), _SEARCHED + 1))
    with undisturbed():
        for _, gradient in found:
            values = sample_gradient(gradient)
            if values is not None:
                return "some" if values else None
    return "zero" if len(found) <= _SEARCHED else None


def _watch(optimizer: torch.optim.Optimizer, rates: Rates) -> dict[int, Sample]:
    """Values of some parameters that a step must change: there the gradient is finite and not small."""
    watched: dict[int, Sample] = {}
    with sys.modules["torch"]._C.DisableTorchFunction():
        found = [
            (parameter, gradient)
            for rate, group in zip(rates, optimizer.param_groups, strict=False)
            if rate
            for parameter in group["params"]
            if (gradient := parameter.grad) is not None
        ]
    with undisturbed():
        for parameter, gradient in found:
            if len(watched) == _WATCHED:
                break
            values, slopes = sample(parameter), _slopes(parameter, gradient)
            is_steep = max(map(abs, slopes), default=0) > _FLAT and all(map(math.isfinite, slopes))
            if is_steep and len(slopes) == len(values):
                watched[id(parameter)] = values
    return watched


def _slopes(parameter: torch.Tensor, gradient: torch.Tensor) -> Sample:
    """The gradient at the places where the parameter is read; empty when they differ in form."""
    strided = sys.modules["torch"].strided
    if parameter.layout is not strided or gradient.layout is not strided:
        return ()
    alike = parameter.shape == gradient.shape and parameter.stride() == gradient.stride()
    return sample(gradient) if alike else ()


def _values(optimizer: torch.optim.Optimizer, wanted: object) -> dict[int, Sample]:
    keys = set(wanted)  # pyright: ignore[reportArgumentType]
    with undisturbed():
        return {
            id(parameter): sample(parameter)
            for group in optimizer.param_groups
            for parameter in group["params"]
            if id(parameter) in keys
        }
