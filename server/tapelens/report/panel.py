"""One stop, as the panel draws it."""

from __future__ import annotations

from ..store.sessions import Stop
from ..wire.panel import PanelStop
from .excerpt import excerpt
from .memory import keeper_sentences
from .sentences import forecast, tensor_sentences


def panel_stop(stop: Stop) -> PanelStop:
    """The snapshot with source, sentences and forecast."""
    snapshot = stop.snapshot
    return PanelStop(
        kind="stop",
        session=stop.session,
        reason=stop.reason,
        snapshot=snapshot,
        source=excerpt(snapshot.site.path, snapshot.site.line),
        sentences=tensor_sentences(snapshot),
        keepers=keeper_sentences(snapshot),
        forecast=forecast(snapshot),
    )
