"""The function that stands in the engine's place.

NOTE [a frame that warnings do not count]: a warning in a backward says with ``stacklevel`` how many frames
up its place lies, and one of ours on the stack would shift every such place. ``warnings`` passes over frames
whose file has ``importlib`` and ``_bootstrap`` in its path, and this file's name has both.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

C = TypeVar("C")


def leave_out(error: BaseException, frame: FrameType) -> None:
    """Take the frame that is about to raise an exception anew out of its traceback.

    NOTE [a frame that leaves no trace]: a bare ``raise`` adds no entry of its own frame to the traceback, the
    one that the exception made as it came is all there is. Python 3.10 keeps a second copy of the traceback,
    and this does nothing there.
    """
    trace = error.__traceback__
    if trace is not None and trace.tb_frame is frame:
        error.__traceback__ = trace.tb_next


def seam(
    run_backward: Callable[..., Any],
    *,
    is_compiling: Callable[[], bool],
    begin: Callable[[object, tuple[Any, ...], dict[str, Any], FrameType], C | None],
    end: Callable[[C], None],
    fail: Callable[[C, BaseException, object, FrameType], None],
    let_go: Callable[[C], None],
) -> Callable[..., Any]:
    """``run_backward``, with what we do before it, after it and when it raises."""

    @functools.wraps(run_backward)
    def tapped(t_outputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever the engine takes and gives)
        if is_compiling():
            return run_backward(t_outputs, *args, **kwargs)
        call = begin(t_outputs, args, kwargs, sys._getframe())
        try:
            result = run_backward(t_outputs, *args, **kwargs)
        except BaseException as error:
            if call is not None:
                fail(call, error, t_outputs, sys._getframe())
                let_go(call)
            leave_out(error, sys._getframe())
            raise
        if call is not None:
            end(call)
            let_go(call)
        return result

    return tapped
