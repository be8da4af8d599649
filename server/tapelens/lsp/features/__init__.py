"""What the language server can do, one file a feature."""

from __future__ import annotations

from ..language_server import TapelensServer
from . import announcements, debugging, diagnostics, hover, lifecycle, panel, relay

_FEATURES = (lifecycle, hover, diagnostics, debugging, announcements, relay, panel)


def make_server() -> TapelensServer:
    """A server with every feature."""
    server = TapelensServer()
    for feature in _FEATURES:
        feature.register(server)
    return server
