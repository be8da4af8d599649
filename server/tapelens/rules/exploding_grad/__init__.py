"""Gradients are huge and become larger.

What it flags: the norm of all gradients that a step uses is above a million and larger than in all steps
looked at before, in half of ten of these steps.

Why it matters: steps that large throw the parameters about until something overflows. A learning rate that is
too high, a recurrence over many steps, a sum where a mean was meant, or inputs that nobody scaled do that.

Seen at run time: in steps whose gradients are measured, as the step uses them, after unscaling and clipping:
the first five of each optimizer and one of fifty. It stands at the backward. At the end of the program, and
where gradients cease to be finite, three measured steps are enough when the last two were like that. It is
information; above a trillion a warning.

Seen in the source: nothing.

What it cannot know: whether the loss is scaled on purpose. Large norms that do not grow are silent, so are
gradients that were clipped or unscaled before the step. Gradients on an accelerator are not read.

Example::

    optimizer = torch.optim.SGD(model.parameters(), lr=10.0)  # each step overshoots by more than the last

Use instead::

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    ...
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
"""

from __future__ import annotations

from ..model import Rule, Threshold

RULE = Rule(
    slug="exploding-grad",
    severity="information",
    summary="gradients are huge and become larger",
    runtime="ExplodingGrad",
    thresholds=(Threshold(name="norm", default=1e6, meaning="Euclidean norm of all gradients of a step."),),
)
