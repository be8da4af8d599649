"""A stop as the panel gets it."""

from __future__ import annotations

from ..store.sessions import Stop
from ..wire.panel import PanelStop, SourceExcerpt


def panel_stop(stop: Stop) -> PanelStop:
    """The stop without sentences."""
    return PanelStop(
        kind="stop",
        session=stop.session,
        reason=stop.reason,
        snapshot=stop.snapshot,
        source=SourceExcerpt(path=stop.snapshot.site.path, first_line=1, lines=()),
        sentences=(),
        forecast="",
    )
