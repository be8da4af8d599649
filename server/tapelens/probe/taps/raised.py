"""Which backward an exception came out of, remembered without keeping the exception."""

from __future__ import annotations

from collections import deque

from ..guard import text_of

_REMEMBERED = 64
_CAUSES = 16


class Raised:
    """The last exceptions that left a backward: their ``id`` and text, and the call."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, str, int]] = deque(maxlen=_REMEMBERED)

    def remember(self, error: BaseException, call: int) -> None:
        """The exception leaves this call; of nested ones the outermost comes last."""
        self._last.append((id(error), text_of(error), call))

    def call_of(self, error: BaseException) -> int | None:
        """The call that an exception, or one that it was raised from, came out of."""
        reason: BaseException | None = error
        for _ in range(_CAUSES):
            if reason is None:
                break
            for identity, text, call in reversed(self._last):
                if identity == id(reason) and text == text_of(reason):
                    return call
            reason = reason.__cause__
        return None
