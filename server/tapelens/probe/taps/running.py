"""What runs now on a thread, one inside the other, though a call that raises may never say that it ended."""

from __future__ import annotations

import threading
from types import CodeType, FrameType
from typing import Generic, TypeVar

T = TypeVar("T")


class Running(Generic[T]):
    """A stack a thread, held against the thread's real frames.

    NOTE [count frames]: an optimizer's post hook does not run when its step raises, and a frame may
    not be kept (it keeps its locals). So what is on the stack is as much as the thread has frames of
    the code that put it there.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def enter(self, item: T, frame: FrameType) -> None:
        """``frame`` runs the code that stands for the item."""
        stack = self._stack()
        if stack:
            del stack[max(0, _depth(frame, frame.f_code) - 1) :]
        stack.append((item, frame.f_code))

    def leave(self, item: T) -> None:
        """The item has ended, and all inside it."""
        stack = self._stack()
        if stack and stack[-1][0] is item:
            stack.pop()
            return
        for index in range(len(stack) - 1, -1, -1):
            if stack[index][0] is item:
                del stack[index:]
                return

    def latest(self) -> T | None:
        """What entered last and has not left; it may have raised and be over."""
        stack = self._stack()
        return stack[-1][0] if stack else None

    def innermost(self, frame: FrameType) -> T | None:
        """What runs around the frame."""
        stack = self._stack()
        if not stack:
            return None
        del stack[_depth(frame, stack[0][1]) :]
        return stack[-1][0] if stack else None

    def _stack(self) -> list[tuple[T, CodeType]]:
        try:
            return self._local.stack
        except AttributeError:
            self._local.stack = []
            return self._local.stack


def _depth(frame: FrameType | None, code: CodeType) -> int:
    """Frames of the code, from this one outwards."""
    depth = 0
    while frame is not None:
        depth += frame.f_code is code
        frame = frame.f_back
    return depth
