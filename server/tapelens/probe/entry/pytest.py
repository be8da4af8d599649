"""The way in under pytest: each test is a program of its own, with rules that have seen nothing yet."""

from __future__ import annotations

import json
from types import FrameType

from ...wire.commands import Configuration
from ..outbox import Outbox
from ..session import ProbeSession
from .configured import configuration_of
from .forks import in_forked_children, not_in_forked_children


class Watch:
    """The probe of one test.

    Args:
        configuration: ``wire.commands.Configuration`` as JSON.
    """

    def __init__(self, configuration: str) -> None:
        self._kept = _Kept()
        self._outbox = Outbox(self._kept)
        told: Configuration = configuration_of(json.loads(configuration))
        self._session = ProbeSession(told, self._outbox, pause=_never, stop=lambda: 0, missing=[])

    def begin(self) -> None:
        """Watch; a torch that is imported later is met then."""
        in_forked_children(self._fall_silent)
        self._session.start()

    def said(self) -> list[str]:
        """A ``Batch`` as JSON for each time that the probe said something."""
        return list(self._kept.batches)

    def explain(self, error: BaseException) -> str | None:
        """What there is to say below an exception's traceback."""
        return self._session.explain(error)

    def end(self, error: BaseException | None) -> list[str]:
        """The test is over, by an exception or without one: judge by all of it, and take the probe out."""
        self._session.conclude(error)
        not_in_forked_children(self._fall_silent)
        self._session.detach()
        return self.said()

    def _fall_silent(self) -> None:
        self._outbox.fall_silent()
        self._session.detach()


class _Kept:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.batches: list[str] = []

    def send_event(self, body: dict[str, object]) -> bool:
        self.batches.append(str(body["data"]))
        return True

    def waiting(self) -> int:
        return 0


def _never(frame: FrameType, *, reason: str, text: str) -> None:
    """There is no debugger to pause in."""
