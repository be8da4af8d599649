"""Which statement is at fault where a backward raised: looked for in the first ones only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from ...events import Change, Cut, Event, StepEnded
from ...wire.sites import Site
from ..blame.changes import find_change
from ..blame.culprits import Culprit
from ..blame.cuts import find_cut, find_cut_before
from ..capture.gradients import Origins
from ..capture.guards import undisturbed
from ..capture.reading import read_tensor
from ..capture.roots import backward_call
from .graph import root_nodes
from .hearing import told_first
from .held import HeldGradients
from .steps import sequence_clock

if TYPE_CHECKING:
    import torch

_ANALYSED = 8
_STEPS = 256
_NO_PATH = "does not require grad"
_CHANGED = "modified by an inplace operation"


class _Step(NamedTuple):
    """A step that has ended: when on autograd's clock, and whose."""

    clock: int
    optimizer: int
    site: Site


class Blaming:
    """Looks at the frames of a call that raised, within a number of calls.

    Args:
        held: Who holds which parameters.
        origins: Where nodes were made.
    """

    def __init__(self, held: HeldGradients, origins: Origins | None) -> None:
        self._held = held
        self._origins = origins
        self._analysed = 0
        self._steps: deque[_Step] = deque(maxlen=_STEPS)

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``, with this told of steps first."""
        return told_first(emit, [StepEnded], self._step_ended)

    def _step_ended(self, event: StepEnded) -> None:
        self._steps.append(_Step(sequence_clock() or 0, event.optimizer, event.site))

    def look(self, text: str, outputs: object, frame: FrameType) -> tuple[Cut | None, Change | None]:
        """What is known by the exception's text.

        Args:
            text: What the exception says.
            outputs: Roots of the call.
            frame: Of the call.
        """
        if self._analysed >= _ANALYSED:
            return None, None
        if _NO_PATH in text:
            self._analysed += 1
            return find_cut(frame, trusting=True), None
        if _CHANGED in text:
            self._analysed += 1
            return None, self._change(text, root_nodes(outputs), frame)
        return None, None

    def foresee(self, reason: str, expression: str, frame: FrameType) -> tuple[Cut | None, Change | None]:
        """As ``look``, at a stop whose line would raise.

        Args:
            reason: Why, as a snapshot gives it.
            expression: The root as the line writes it.
            frame: Of the user's, that is stopped.
        """
        if reason == "no_path":
            return find_cut_before(expression, frame), None
        call = backward_call(frame) if reason == "changed" else None
        if call is None:
            return None, None
        with undisturbed():
            nodes = [node for root in call.roots if (node := read_tensor(root).node) is not None]
        return None, self._change("", nodes, frame)

    def _change(self, text: str, roots: list[torch.autograd.graph.Node], frame: FrameType | None) -> Change | None:
        return find_change(text, roots, frame, origins=self._origins, stepped=self._stepped)

    def _stepped(self, parameter: int, sequence: int) -> Culprit | None:
        """The first step of an optimizer that holds the parameter after a node was made."""
        holders = self._held.holders_of(parameter)
        for step in self._steps:
            if step.optimizer in holders and step.clock > sequence:
                return Culprit(step.site, "", "", by_step=True)
        return None
