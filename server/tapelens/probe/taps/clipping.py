"""The tap on ``clip_grad_norm_`` and ``clip_grad_value_``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from ...events import Event, GradsClipped
from ..guard import Report, guard
from ..sites import place_of, user_frame
from ..weaving import Leave, Weave, leave_nothing
from .calls import argument_written
from .held import HeldGradients
from .names import LookInFrames
from .samples import number

_TOLD = 64  # calls of a site that are told, after that one of
_TOLD_ONE_OF = 50
_SITES = 4096
_HOME = "torch.nn.utils.clip_grad"

Function = Literal["clip_grad_norm_", "clip_grad_value_"]


class ClippingTap:
    """Listens to both functions.

    NOTE [parameters that may be a generator]: only the first part of ``clip_grad_norm_`` may run
    through it, so its later part is listened to, which gets a list. Where torch has no such part
    (before 2.6) it is not told which parameters were clipped.
    """

    def __init__(self, emit: Callable[[Event], None], report: Report, *, held: HeldGradients) -> None:
        self._emit = emit
        self._held = held
        self._guard = guard("clipping of gradients", report)
        self._visits: dict[tuple[str, int], int] = {}
        clip_norm: Function = "clip_grad_norm_"
        clip_value: Function = "clip_grad_value_"
        self._by_norm = self._enter(clip_norm)
        self._whole_norm = Weave(_HOME, f"{clip_norm}.__wrapped__", given="parameters, max_norm")
        self._later_norm = Weave(_HOME, "_clip_grads_with_norm_.__wrapped__", given="parameters, max_norm, total_norm")
        self._by_value = self._enter(clip_value)
        self._value = Weave(_HOME, f"{clip_value}.__wrapped__", given="parameters, clip_value")

    def install(self) -> None:
        """Begin to listen."""
        self._guard.quiet = False
        if not self._later_norm.listen(self._by_norm):
            self._whole_norm.listen(self._by_norm)
        self._value.listen(self._by_value)

    def remove(self) -> None:
        """Listen no more."""
        self._guard.quiet = True
        for weave in (self._later_norm, self._whole_norm):
            weave.leave_off(self._by_norm)
        self._value.leave_off(self._by_value)

    def _enter(self, by: Function) -> Callable[..., Leave]:
        clip = self._guard(self._clip)

        def entered(parameters: Any, limit: Any, norm: Any = None) -> Leave:  # noqa: ANN401 (as the user gave them)
            return clip(by, parameters, limit, norm) or leave_nothing

        return entered

    def _clip(self, by: Function, parameters: Any, limit: Any, norm: Any) -> Leave | None:  # noqa: ANN401
        place = place_of(sys._getframe(3))
        key = place.innermost.path, place.innermost.line
        visit = self._visits[key] = self._visits.get(key, 0) + 1
        if len(self._visits) > _SITES:
            self._visits = {}
        if visit > _TOLD and visit % _TOLD_ONE_OF:
            return None
        torch = sys.modules["torch"]
        items = [parameters] if isinstance(parameters, torch.Tensor) else parameters
        is_read = isinstance(items, (list, tuple))
        identities = sorted(map(id, items)) if is_read else []
        event = GradsClipped(
            by=by,
            limit=number(limit),
            written=_written(by, user_frame(sys._getframe(3))),
            norm=number(norm),
            parameters=frozenset(identities),
            before=self._held.evidence(identities or sorted(self._held.parameters())),
            site=place.user,
            innermost=place.innermost,
        )
        return self._guard(lambda output: None if output is ... else self._tell(event))  # pyright: ignore[reportReturnType]

    def _tell(self, event: GradsClipped) -> None:
        with LookInFrames(sys._getframe(2), self._held) as look:
            self._emit(replace(event, look=look))


def _written(by: Function, frame: Any) -> Literal["literal", "name", "other"]:  # noqa: ANN401 (a frame)
    keyword = "max_norm" if by == "clip_grad_norm_" else "clip_value"
    match argument_written(frame, function=by, keyword=keyword, position=1):
        case ast.Constant():
            return "literal"
        case ast.Name() | ast.Attribute():
            return "name"
        case _:
            return "other"
