"""Makes one of a kind and looks at it: what a capture said, what it moved, and what it kept."""

from __future__ import annotations

import functools
import gc
import random
import warnings
import weakref
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from probe.capture.kinds import Kind
from probe.capture.kinds_of_tensors import Kernels, Plain
from probe.capture.stops import Stop, capture
from tapelens.probe.capture.variables import local_variables


@dataclass
class Observation:
    """One kind, observed.

    Attributes:
        heard: Warnings, and calls that modes and subclasses of the user's heard, during the capture.
        moved: What of the process was another after the capture.
        torchs: The same facts by torch's own attributes, asked after the capture.
        outlived: The tensor was still there when its function had returned.
        random: torch's random state at the end.
        changed: Fields of the snapshot that a second capture told otherwise.
    """

    kind: Kind
    stops: list[Stop] = field(default_factory=list[Stop])
    heard: list[str] = field(default_factory=list[str])
    moved: list[str] = field(default_factory=list[str])
    torchs: dict[str, Any] = field(default_factory=dict[str, Any])
    outlived: bool = False
    random: bytes = b""
    changed: list[str] = field(default_factory=list[str])

    @property
    def stop(self) -> Stop:
        (stop,) = self.stops
        return stop


@functools.cache
def observe(kind: Kind) -> Observation:
    """Make one, capture beside it, ask torch the same, and let go."""
    seen = Observation(kind)
    watched: list[Any] = []

    def look(frame: FrameType) -> None:
        before = _process()
        seen.stops.append(_listening(frame, seen.heard))
        seen.moved += [name for name, value in _process().items() if value != before[name]]
        once, again = (vars(stop.snapshot) for stop in (seen.stop, capture(frame)))
        seen.changed += [name for name, value in again.items() if name != "capture_us" and value != once[name]]
        odd = local_variables(frame).get("odd")
        if isinstance(odd, torch.Tensor):
            watched.append(weakref.ref(odd))
            if kind.torch_says:
                seen.torchs = _asked(odd)

    seen.random = _make(kind, look)
    seen.outlived = any(reference() is not None for reference in watched)
    return seen


@functools.cache
def unobserved(kind: Kind) -> Observation:
    """What becomes of one when nobody captures."""
    seen = Observation(kind)
    watched: list[Any] = []

    def look(frame: FrameType) -> None:
        odd = local_variables(frame).get("odd")
        if isinstance(odd, torch.Tensor):
            watched.append(weakref.ref(odd))

    seen.random = _make(kind, look)
    seen.outlived = any(reference() is not None for reference in watched)
    return seen


def _make(kind: Kind, look: Any) -> bytes:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of prototypes and of what it will drop
        kind.make(look)
    gc.collect()
    return bytes(torch.get_rng_state().numpy())


def _listening(frame: FrameType, heard: list[str]) -> Stop:
    take = capture  # a mode hears attribute reads of this very function
    Plain.heard.clear()
    Kernels.heard.clear()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with Functions(heard), Operations(heard):
            heard.clear()
            stop = take(frame)
            said = list(heard)
    heard[:] = said + Plain.heard + Kernels.heard + [str(warning.message) for warning in warned]
    return stop


class Functions(TorchFunctionMode):
    """Hears functions."""

    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._heard.append(f"function {func}")
        return func(*args, **(kwargs or {}))


class Operations(TorchDispatchMode):
    """Hears kernels."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._heard.append(f"kernel {func}")
        return func(*args, **(kwargs or {}))


def _process() -> dict[str, Any]:
    c: Any = torch._C
    return {
        "sequence": c._autograd._get_sequence_nr(),
        "python's random": random.getstate(),
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")),
        "collector": gc.isenabled(),
    }


def _asked(odd: Any) -> dict[str, Any]:
    with torch._C.DisableTorchFunctionSubclass():
        facts: dict[str, Any] = {
            "shape": tuple(odd.shape),
            "dtype": str(odd.dtype).removeprefix("torch."),
            "device": str(odd.device),
            "layout": str(odd.layout).removeprefix("torch."),
            "is_leaf": odd.is_leaf,
            "requires_grad": odd.requires_grad,
            "is_view": odd._is_view(),
            "grad_fn_name": None if odd.grad_fn is None else odd.grad_fn.name().rpartition("::")[2],
        }
        if not odd.is_inference():
            facts["version"] = odd._version
        return facts
