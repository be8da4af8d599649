"""What happens in sessions, told to a client that asked for it."""

from __future__ import annotations

from ...store.sessions import Change, FindingArrived, SessionChanged, StopSettled
from ..language_server import TapelensServer
from ..messages import Continued, FindingSeen, SessionEnded, Stopped


class Announcements:
    """Follows the store; a stop is told once, when all that is known of it has come."""

    def __init__(self, ls: TapelensServer) -> None:
        self._ls = ls
        self._still: set[str] = set()  # sessions whose stop has been told
        self._ended: set[str] = set()
        ls.store.subscribe(self._hear)

    def _hear(self, change: Change) -> None:
        match change:
            case StopSettled():
                self._on_settled(change)
            case SessionChanged(info=info) if info.state == "ended" and info.session not in self._ended:
                self._still.discard(info.session)
                self._ended.add(info.session)
                self._ls.announce(SessionEnded(session=info.session, exit_code=info.exit_code, problem=info.problem))
            case SessionChanged(info=info) if info.state == "running" and info.session in self._still:
                self._still.discard(info.session)
                self._ls.announce(Continued(session=info.session))
            case SessionChanged(info=info) if info.state == "starting":
                self._ended.discard(info.session)
            case FindingArrived():
                self._ls.announce(FindingSeen(session=change.session, finding=change.finding))
            case _:
                pass

    def _on_settled(self, stop: StopSettled) -> None:
        self._still.add(stop.session)
        self._ls.announce(
            Stopped(
                session=stop.session,
                stop=stop.snapshot.stop if stop.snapshot is not None else None,
                path=stop.path,
                line=stop.line,
                reason=stop.reason,
                text=stop.text,
            )
        )


def register(server: TapelensServer) -> None:
    """Announce from now on."""
    Announcements(server)
