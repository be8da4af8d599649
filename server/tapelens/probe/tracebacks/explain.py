"""What there is to say of an exception that nobody caught."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType

from ...wire.snapshot import LinesState
from ..capture.guards import collector_held, undisturbed
from ..capture.nodes import Origins
from ..guard import text_of
from .failing import find_failing
from .memory import tell_memory
from .wording import failing_text, memory_text

_CHAIN = 16
_NO_MEMORY = ("DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the probe has seen by then.

    Attributes:
        origins: Where nodes were made, by their sequence numbers.
        lines: How finely lines are known.
        ran_by: The call that ran a node, by its key, None when it is not remembered.
        call_of: The call that an exception came out of.
    """

    origins: Origins
    lines: LinesState
    ran_by: Callable[[int], int | None]
    call_of: Callable[[BaseException], int | None]


def explain(error: BaseException, known: Known) -> str | None:
    """Lines to be printed below its traceback; None where there is nothing to add."""
    for reason in _reasons(error):
        frames = list(_frames(reason.__traceback__))
        if is_out_of_memory(reason):
            with collector_held(), undisturbed():
                return memory_text(tell_memory(frames, known.origins))
        with collector_held(), undisturbed():
            failing = find_failing(reason, frames, known)
        if failing is not None:
            return failing_text(failing, known.lines)
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """An allocator of PyTorch's had no more; on the CPU only the text tells."""
    kind = getattr(sys.modules["torch"], "OutOfMemoryError", None)
    if kind is not None and isinstance(error, kind):
        return True
    return isinstance(error, RuntimeError) and any(text in text_of(error) for text in _NO_MEMORY)


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it was raised from or on handling which it was raised."""
    reason: BaseException | None = error
    for _ in range(_CHAIN):
        if reason is None:
            return
        yield reason
        reason = reason.__cause__ or (None if reason.__suppress_context__ else reason.__context__)


def _frames(trace: TracebackType | None) -> Iterator[FrameType]:
    """The frames that the exception passed, outermost first."""
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next
