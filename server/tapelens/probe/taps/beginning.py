"""A ``backward()`` that is about to begin, for taps that look at its graph themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from ..sites import Place

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """The call, which runs in no other. It holds its roots: drop it at once.

    Attributes:
        outputs: Its roots, as the engine gets them.
        roots: Their nodes.
        frame: Of the call.
        call: Its serial.
        in_step: It runs in an optimizer's step.
        is_watched: What flows in it is watched for a stop.
        alone: No other thread runs a backward now.
    """

    outputs: object
    roots: list[torch.autograd.graph.Node]
    frame: FrameType
    place: Place
    call: int
    in_step: bool
    is_watched: bool
    alone: Callable[[], bool]
