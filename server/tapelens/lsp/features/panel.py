"""The panel in the editor: the same messages as over the web socket, one string each."""

from __future__ import annotations

from ...sessions.interface import Action
from ...web.feed import PanelFeed
from ...wire.commands import Command
from ...wire.envelope import Batch
from ..language_server import TapelensServer
from ..messages import PANEL, PanelParams, to_params


class PanelBridge:
    """The client's one panel; it hears nothing before it has said hello."""

    def __init__(self, ls: TapelensServer) -> None:
        self._ls = ls
        self._feed = PanelFeed(ls.store, self._send, act=self._act, ask=self._ask)
        self._feed.start()

    def receive(self, params: PanelParams) -> None:
        """Take one message of the panel's."""
        self._feed.receive(params.message)

    def _send(self, message: str) -> None:
        self._ls.protocol.notify(PANEL, to_params(PanelParams(message=message)))

    async def _act(self, session: str, action: Action) -> None:
        await self._ls.session(session).act(action)

    async def _ask(self, session: str, command: Command) -> Batch:
        return await self._ls.session(session).ask_probe(command)


def register(server: TapelensServer) -> None:
    """Feed the client's panel, once it has one."""
    bridge = PanelBridge(server)

    def receive(ls: TapelensServer, params: PanelParams) -> None:  # noqa: ARG001 (pygls' own)
        bridge.receive(params)

    server.feature(PANEL)(receive)
