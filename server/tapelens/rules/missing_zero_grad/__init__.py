"""Gradients that a step has used already leak into the next one.

What it flags: an optimizer steps on gradients that are a sum of what its earlier step already used
and of what a later backward added, because nothing cleared them in between. Updates written by hand
(``w -= lr * w.grad``) and closures given to ``step(closure)`` are judged in the same way.

Why it matters: ``backward()`` adds to ``.grad``, it does not replace it. Without clearing, each step
moves along the sum of all gradients since the beginning. The loss often still falls for a while, so
the mistake hides as bad convergence, wild oscillation or an unlucky learning rate.

Seen at run time: at the ``step()`` that is about to use the sum, before it runs, so that the program
can be paused there. Gradients are told apart by object, version counter and a few of their values.
In a closure and for an update written by hand it stands at the ``backward()`` that added.

Seen in the source: a loop, over functions and methods of the file and what they import from the
project, in which an optimizer steps again after a backward and nothing between may clear: no
``zero_grad()``, no ``.grad = None``, no call of something foreign that gets the optimizer or the
model. Whatever is in one arm of a branch counts as a clearing.

What it cannot know: whether the sum is meant. It is silent when anything wrote the gradient between
the step and the backward (zeroing in any way, scaling as a carry, projecting), when several
backwards come before one step (accumulation), and when another optimizer's step used the gradient.
An update by hand is recognised when the leaf moved along or against its gradient, so one with
momentum may be missed; so may a gradient on an accelerator until its values have been read twice.

Example::

    for batch in loader:
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()  # uses this batch's gradient plus all earlier ones

Use instead::

    for batch in loader:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html ("This function
accumulates gradients in the leaves - you might need to zero .grad attributes or set them to None
before calling it.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="missing-zero-grad",
    severity="warning",
    summary="a step uses gradients that an earlier step already used, because nothing cleared them",
    runtime="MissingZeroGrad",
    source="missing_zero_grad",
    fix="insert_zero_grad",
)
