"""What the language server can do, one file a feature."""

from __future__ import annotations

from ..language_server import TapelensServer
from . import actions, announcements, debugging, diagnostics, hover, lifecycle, panel, relay, workspace_check

_FEATURES = (lifecycle, hover, diagnostics, actions, workspace_check, debugging, announcements, relay, panel)


def make_server() -> TapelensServer:
    """A server with every feature."""
    server = TapelensServer()
    for feature in _FEATURES:
        feature.register(server)
    return server
