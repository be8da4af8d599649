"""A loss that already ran backward runs again, alone or inside another, and its gradients count twice.

What it flags: a ``.backward()`` whose graph holds the root of an earlier ``.backward()``, as its own root or
below it, that adds to gradients in which the earlier call's still stand; and then a step uses the sum.

Why it matters: ``backward()`` adds to ``.grad``. A loss that is run twice, or alone and then as a part of a
total, moves the parameters twice as far as meant. Nothing raises where the graph was retained or saved
nothing, and training still goes somewhere.

Seen at run time: a root keeps the number of the call that it was run in; leaves are looked at before and
after each backward, so that a gradient that was cleared or written in between is not a sum. It stands at
the later call, as the step is about to use the sum.

Seen in the source: a root that ran backward, retained or saving nothing, and surely is or lies below a
later root, with nothing between that may clear or write the gradients and a step that follows.

What it cannot know: whether a part is meant to count twice. It is silent when either call brings a gradient
of its own (sums of vector products), when the gradients were cleared or written in between, for
``autograd.grad``, and for different losses that share a trunk. Only the first five calls of a line and one
of fifty are looked at.

Example::

    reconstruction.backward(retain_graph=True)
    loss = reconstruction + 0.1 * divergence
    loss.backward()  # adds the gradient of the reconstruction once more
    optimizer.step()

Use instead::

    loss = reconstruction + 0.1 * divergence
    loss.backward()
    optimizer.step()

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html ("This function
accumulates gradients in the leaves - you might need to zero .grad attributes or set them to None
before calling it.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="repeated-backward-accumulates",
    severity="warning",
    summary="a loss that already ran backward runs again, and its gradients count twice",
    runtime="RepeatedBackwardAccumulates",
    source="repeated_backward_accumulates",
)
