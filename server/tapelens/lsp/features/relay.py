"""The editor's own debug sessions: its events come in, our requests go out through it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, cast

from pygls.exceptions import JsonRpcException

from ...errors import SessionError
from ...sessions.bootstrap import bootstrap_expression
from ...sessions.paths import read_path_mappings
from ...sessions.relay import RelaySession
from ...settings import told_to_probe
from ...wire.commands import Configuration
from ..language_server import TapelensServer
from ..messages import (
    BOOTSTRAP,
    DAP,
    DAP_EVENT,
    DAP_SESSION,
    Bootstrap,
    BootstrapParams,
    DapAnswer,
    DapEventParams,
    DapParams,
    DapSessionParams,
    to_params,
)
from ..settings import check_rules

log = logging.getLogger(__name__)

Json = Mapping[str, Any]


def bootstrap(ls: TapelensServer, params: BootstrapParams) -> dict[str, Any]:
    """The expression that an editor evaluates as a session begins.

    Raises:
        UsageError: ``pauseOn`` names a rule that does not exist.
    """
    pause_on = ls.settings.pause_on if params.pause_on is None else params.pause_on
    check_rules(pause_on)
    project = ls.project()
    configuration = Configuration(
        kind="configuration",
        armed=params.armed,
        pause_on=pause_on,
        select=project.select,
        ignore=project.ignore,
        lines=ls.settings.lines if params.lines is None else params.lines,
        steps=0,
        cards=ls.settings.cards if params.cards is None else params.cards,
        thresholds=told_to_probe(project),
    )
    return to_params(Bootstrap(expression=bootstrap_expression(configuration, carrying="both")))


def open_session(ls: TapelensServer, params: DapSessionParams) -> None:
    """A session has begun in the editor; one that is told of twice goes on as it is."""
    if any(session.id == params.session for session in ls.live_sessions()):
        return

    async def request(command: str, arguments: Json) -> Json:
        asked = DapParams(session=params.session, command=command, arguments=json.dumps(arguments))
        try:
            answer = cast("DapAnswer", await ls.protocol.send_request_async(DAP, to_params(asked)))
        except JsonRpcException as refused:
            raise SessionError(f"The editor refused {command!r}: {refused.message}") from refused
        return _object(answer.body)

    ls.keep(
        RelaySession(
            params.session,
            ls.store,
            request,
            label=_label(params),
            configuration=ls.settings.configuration(ls.project()),
            paths=read_path_mappings(_object(params.configuration)),
            parent=params.parent if params.parent and ls.store.session(params.parent) else None,
        )
    )


def take_event(ls: TapelensServer, params: DapEventParams) -> None:
    """An event of a session's; of a session that is over or was never told of, it is dropped."""
    try:
        session = ls.session(params.session)
    except SessionError as unknown:
        log.warning("dropped the event %r: %s", params.event, unknown)
        return
    if isinstance(session, RelaySession):
        session.handle_event(params.event, _object(params.body))


def _label(params: DapSessionParams) -> str:
    """The program's file name, or the configuration's name; a child's configuration names its parent's program."""
    configuration = _object(params.configuration)
    if isinstance(child := configuration.get("subProcessId"), int):
        return f"process {child}"
    if isinstance(program := configuration.get("program"), str) and program:
        return PurePath(program).name
    if isinstance(module := configuration.get("module"), str) and module:
        return f"-m {module}"
    return str(configuration.get("name") or params.session)


def _object(text: str) -> Json:
    """A JSON object; anything else reads as an empty one."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return {}
    return cast("Json", value) if isinstance(value, dict) else {}


def register(server: TapelensServer) -> None:
    """Serve an editor that has debug sessions of its own."""
    server.feature(BOOTSTRAP)(bootstrap)
    server.feature(DAP_SESSION)(open_session)
    server.feature(DAP_EVENT)(take_event)
