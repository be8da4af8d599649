"""One stop, and one backward, as the panel draws it."""

from __future__ import annotations

from collections.abc import Sequence

from ..store.sessions import Stop
from ..wire.gradients import Gradients
from ..wire.panel import PanelGradients, PanelStop
from .carry import snapshot_behind
from .excerpt import excerpt
from .flowed import nonfinite_sentence
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


def panel_gradients(session: str, gradients: Gradients, stops: Sequence[Stop]) -> PanelGradients:
    """What flowed, with words; ``stops`` are the session's, oldest first."""
    behind = snapshot_behind(gradients, [stop.snapshot for stop in stops])
    return PanelGradients(
        kind="stop_gradients",
        session=session,
        gradients=gradients,
        nonfinite=nonfinite_sentence(gradients, behind),
    )
