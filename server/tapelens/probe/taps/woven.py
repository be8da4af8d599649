"""What taps have in common that listen to functions of torch's from within their code."""

from __future__ import annotations

from collections.abc import Sequence

from ..guard import Guard
from ..weaving import Enter, Weave


class WovenTap:
    """Listens to some functions from ``install`` to ``remove``.

    Args:
        guard: Of this tap.
        weaves: The functions, each with who is called as it begins.
    """

    def __init__(self, guard: Guard, weaves: Sequence[tuple[Weave, Enter]]) -> None:
        self._guard = guard
        self._weaves = weaves

    def install(self) -> None:
        """Begin to listen."""
        self._guard.quiet = False
        for weave, enter in self._weaves:
            weave.listen(enter)

    def remove(self) -> None:
        """Listen no more."""
        self._guard.quiet = True
        for weave, enter in self._weaves:
            weave.leave_off(enter)
