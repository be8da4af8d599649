"""GradScaler's methods are called out of order.

What it flags: with an enabled ``GradScaler``, gradients that are still scaled are clipped to a fixed
limit, or an optimizer's own ``step()`` uses them; and the errors that PyTorch raises when ``scale``,
``unscale_``, ``step`` and ``update`` do not follow each other, where nobody catches them.

Why it matters: scaled gradients are larger by the scale, 65536 at first. Clipped to 1.0 and unscaled
afterwards they are next to nothing, and how much is left changes with the scale. Used without
unscaling, each step is far too long.

Seen at run time: at the call out of order, from an optimizer's second step on. Which gradients are
scaled is known from the backward whose root ``scale()`` returned and the leaves of its graph.

Seen in the source: between ``scale(loss).backward()`` and ``unscale_``: a clipping to a constant, the
optimizer's own ``step()``, ``update()`` before the step; and a loop with ``scaler.step()`` and no
``update()`` anywhere. A limit that is computed is not judged.

What it cannot know: whether a limit given by a variable was multiplied by the scale somewhere else. So
a variable is judged only where the limit is less than a thousandth of the scale; one that is computed
in the call is not judged at all. It is silent for limits that cut nothing, for gradients that were
divided by hand, without a scaler (bfloat16 needs none) and with ``enabled=False``. A scaled loss that is
changed before its backward is not recognised, nor is a gradient that is only read while it is scaled.

Example::

    scaler.scale(loss).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # still scaled
    scaler.step(optimizer)
    scaler.update()

Use instead::

    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()

Source: https://docs.pytorch.org/docs/stable/notes/amp_examples.html ("All gradients produced by
scaler.scale(loss).backward() are scaled. If you wish to modify or inspect the parameters' .grad
attributes between backward() and scaler.step(optimizer), you should unscale them first.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="amp-order",
    severity="warning",
    summary="GradScaler's methods are called out of order",
    runtime="AmpOrder",
    source="amp_order",
)
