"""What PyTorch says when a scaler's methods do not follow each other (``torch/amp/grad_scaler.py``)."""

from __future__ import annotations

_ADVICE = (
    (
        "step() has already been called since the last update()",
        "Call `update()` of the scaler once an iteration, after its last `step(optimizer)`.",
    ),
    (
        "unscale_() has already been called on this optimizer since the last update()",
        "Call `unscale_(optimizer)` once for each step, and `update()` of the scaler after the step.",
    ),
    ("unscale_() is being called after step()", "Call `unscale_(optimizer)` before `step(optimizer)`."),
    (
        "No inf checks were recorded prior to update",
        "Call `update()` of the scaler after its `step(optimizer)`.",
    ),
    (
        "but _scale is None",
        "Run the backward of what `scale(loss)` of the scaler returns.",
    ),
)


def advice_for(message: str) -> str | None:
    """What to do about an error of a scaler's order; None for any other error."""
    return next((advice for said, advice in _ADVICE if said in message), None)
