"""Gradients all but vanish on their way from the last layer to the first.

What it flags: in half of the steps looked at or more, the root mean square of the first layer's gradient is
below a millionth of the last one's, and it falls from layer to layer.

Why it matters: the first layers hardly move, and the network learns with its last ones only. Deep stacks of
saturating activations (sigmoid, tanh) and recurrent steps do that, so do weights that begin too small.

Seen at run time: in steps whose gradients are measured: the first five of each optimizer and one of
fifty. It stands at the backward. Ten measured steps are judged, or as many as there are at the end of the
program, from three on. It is information; below a trillionth, where float32 begins to lose the numbers, a
warning.

Seen in the source: nothing.

What it cannot know: whether it is meant. Weights are compared in the order in which the optimizer holds them;
gradients that are exactly zero (LoRA's ``B = 0``, frozen and unused layers) are passed over, and fewer than
four layers are not judged. Gradients on an accelerator are not read.

Example::

    layers = [m for _ in range(20) for m in (nn.Linear(32, 32), nn.Sigmoid())]  # each sigmoid takes three quarters
    model = nn.Sequential(*layers)

Use instead::

    layers = [m for _ in range(20) for m in (nn.Linear(32, 32), nn.LayerNorm(32), nn.ReLU())]

Source: https://docs.pytorch.org/docs/stable/nn.init.html (gains that keep the size of gradients)
"""

from __future__ import annotations

from ..model import Rule, Threshold

RULE = Rule(
    slug="vanishing-grad",
    severity="information",
    summary="gradients all but vanish on their way from the last layer to the first",
    runtime="VanishingGrad",
    thresholds=(
        Threshold(name="ratio", default=1e-6, meaning="Of the first layer's gradient to the last one's, by RMS."),
    ),
)
