"""Gradients are cleared before the step that should use them.

What it flags: in three cycles running, ``zero_grad()`` clears the gradients of a backward and the
optimizer's step then finds none; or several backwards of one line come before a step and all but the
last are cleared, so that the step uses the last one's alone, each time the same number (three cycles
running; eight where it is two; at the program's end all of two or more).

Why it matters: in the first case nothing is trained, in the second only one part of the data. Nothing
raises: a step skips parameters without a gradient.

Seen at run time: at the ``zero_grad()``; the finding comes as the step begins that has nothing to use.

Seen in the source: a clearing after the backward and before the step, on every way, with nothing between
that reads, clips or writes the gradients; and a loop that clears before each of its backwards, ended by
no ``break``, with the step after the loop.

What it cannot know: whether gradients were meant to be thrown away. It is silent for closures, where
values that are not finite were seen (a bad batch that is skipped), when parameters moved between the
backwards (sharpness-aware steps, inner loops), when any optimizer stepped between backward and clearing
or another one still holds that backward's gradients (the generator's loss also fills the discriminator),
when the gradients were written by hand before the step (per-sample gradients, surgery), and where the
last loss contains the graphs of those before. ``p.grad = None`` by hand is not seen.

Example::

    for batch in loader:
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.zero_grad()  # throws the gradients away
        optimizer.step()

Use instead::

    for batch in loader:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()

Source: https://docs.pytorch.org/tutorials/recipes/recipes/zeroing_out_gradients.html
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="grad-zeroed-before-step",
    severity="warning",
    summary="gradients are cleared before the step that should use them",
    runtime="GradZeroedBeforeStep",
    source="grad_zeroed_before_step",
)
