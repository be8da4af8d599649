"""Errors that a user can do something about.

TapelensError
├── UsageError         what was asked cannot be done: exit status 2
├── WireError          a message does not fit the wire: its path and what is wrong
└── SessionError       a debug session could not be made, or is no more
    ├── SessionEnded   it ended while an answer was awaited
    └── BundleAbsent   the program cannot see our files
"""

from __future__ import annotations


class TapelensError(Exception):
    """The message is one sentence: what happened, to what, what to do next."""


class UsageError(TapelensError):
    """What was asked cannot be done as it was asked."""


class WireError(TapelensError):
    """A message does not fit the wire."""


class SessionError(TapelensError):
    """A debug session could not be made, or does not answer."""


class SessionEnded(SessionError):
    """The session ended while an answer was awaited."""


class BundleAbsent(SessionError):
    """The debugged program cannot see the files that the probe is loaded from: they have to be sent."""
