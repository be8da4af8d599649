"""Which statement is at fault where a backward raised: looked for in the first ones only."""

from __future__ import annotations

from types import FrameType

from ...events import Change, Cut
from ..blame.cuts import find_cut

_ANALYSED = 8
_NO_PATH = "does not require grad"


class Blaming:
    """Looks at the frames of a call that raised, within a number of calls."""

    def __init__(self) -> None:
        self._analysed = 0

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
        return None, None
