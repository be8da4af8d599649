"""Calls that raised, until somebody knows that nobody catches the exception."""

from __future__ import annotations

from ..events import BackwardRaised

_REMEMBERED = 64


class RaisedCalls:
    """The latest calls of one kind of error; a rule judges one of them once it is uncaught."""

    def __init__(self) -> None:
        self._raised: dict[int, BackwardRaised] = {}

    def remember(self, raised: BackwardRaised) -> None:
        """One more; the oldest goes."""
        self._raised[raised.call] = raised
        if len(self._raised) > _REMEMBERED:
            del self._raised[next(iter(self._raised))]

    def take(self, call: int | None) -> BackwardRaised | None:
        """How the call raised, if it is one of these; it is forgotten."""
        return None if call is None else self._raised.pop(call, None)
