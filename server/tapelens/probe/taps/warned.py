"""The tap on PyTorch's warning of a gradient that nobody keeps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ...events import Event
from ..blame.reads import read_at
from ..capture.gradients import Origins
from ..guard import Report, guard
from ..weaving import Leave, Weave, leave_nothing
from .woven import WovenTap

_SAYS = "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed"


class WarningTap(WovenTap):
    """Hears each warning as Python is about to show it: after the filters, and before who shows or records it.

    NOTE [the function that shows]: ``warnings._showwarnmsg`` is what Python calls with every warning that its
    filters let through. ``catch_warnings`` and who sets ``showwarning`` replace what that calls, never itself,
    so theirs stays as it is; and as its code is woven, no frame of ours stands below theirs.
    """

    def __init__(self, emit: Callable[[Event], None], report: Report, *, origins: Origins | None) -> None:
        self._emit = emit
        self._origins = origins
        self._guard = guard("warnings", report)
        shown = Weave("warnings", "_showwarnmsg", given="msg", compiling="False")
        super().__init__(self._guard, [(shown, self._entered())])

    def _entered(self) -> Callable[[Any], Leave]:
        hear = self._guard(self._hear)

        def enter(shown: Any) -> Leave:  # noqa: ANN401 (a warnings.WarningMessage)
            hear(shown)
            return leave_nothing

        return enter

    def _hear(self, shown: Any) -> None:  # noqa: ANN401
        message = getattr(shown, "message", None)
        if type(message) is not UserWarning or not message.args or type(message.args[0]) is not str:
            return
        reader = sys._getframe(3).f_back if _SAYS in message.args[0] else None
        read = None if reader is None else read_at(reader, origins=self._origins)
        if read is not None:
            self._emit(read)
