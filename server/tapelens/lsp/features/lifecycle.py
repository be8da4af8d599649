"""How a client begins, changes its settings and says goodbye."""

from __future__ import annotations

import logging

from lsprotocol import types

from ...errors import SessionError, TapelensError
from ...sessions.interface import Session
from ...wire.commands import PauseOn
from ..language_server import TapelensServer
from ..settings import read_settings

log = logging.getLogger(__name__)


def initialize(ls: TapelensServer, params: types.InitializeParams) -> None:
    """Read ``initializationOptions``; what does not fit is told and the rest works."""
    try:
        ls.settings = read_settings(params.initialization_options)
    except TapelensError as unfit:
        ls.warn(f"initializationOptions: {unfit}")


def did_change_configuration(ls: TapelensServer, params: types.DidChangeConfigurationParams) -> None:
    """Take what has changed; programs that run hear of ``pauseOn`` at once, the rest is for those to come."""
    try:
        settings = read_settings(params.settings, ls.settings)
    except TapelensError as unfit:
        ls.warn(f"workspace/didChangeConfiguration: {unfit}")
        return
    before, ls.settings = ls.settings, settings
    if settings.lint != before.lint:
        ls.lint_changed()
    if settings.pause_on == before.pause_on:
        return
    for session in ls.live_sessions():
        ls.run_aside(_tell(session, settings.pause_on))


async def _tell(session: Session, pause_on: tuple[str, ...]) -> None:
    try:
        await session.ask_probe(PauseOn(kind="pause_on", rules=pause_on))
    except SessionError as deaf:
        log.info("%s did not take its new pauseOn: %s", session.id, deaf)


async def shutdown(ls: TapelensServer, _: None) -> None:
    """End every session before the answer."""
    await ls.close_sessions()


def register(server: TapelensServer) -> None:
    """Take part in the client's beginning and end."""
    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(did_change_configuration)
    server.feature(types.SHUTDOWN)(shutdown)
