"""A step used gradients that are NaN or infinite, and spoilt the parameters.

What it flags: an optimizer's step that changed parameters with a gradient in which NaN or Inf is.

Why it matters: from that step on the parameters are NaN, and everything that is computed with them. The
loss shows it an iteration later, far from the operation at fault: a square root, a norm or a standard
deviation at zero, a logarithm or a division of zero, an exponential that overflows. ``torch.where`` does not
help: the branch that is not taken is multiplied by zero, and zero times infinity is NaN.

Seen at run time: after the step. All gradients are looked at in the first five steps and in one of fifty,
one parameter's in every step. In the first backwards of a line whose graph has such an operation, and
in one whose loss is not finite, what flows is watched: then the finding stands at the forward line of the
first operation that was given finite gradients and gave others. Else it stands at the step.

Seen in the source: nothing.

What it cannot know: the operation, when it goes wrong for the first time late in training with a loss that
is finite. Values on an accelerator are not read, as that would make the program wait. It is silent when
nothing was changed: an overflow that ``GradScaler`` skips, your own guard around ``step()``, gradients that
``nan_to_num_`` mended before the step.

Example::

    distance = (a - b).square().sum(-1).sqrt()  # its slope is infinite where a equals b
    loss = distance.mean()
    loss.backward()
    optimizer.step()

Use instead::

    distance = ((a - b).square().sum(-1) + 1e-12).sqrt()

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html ("Gradients for non-differentiable functions")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="nonfinite-grad",
    severity="warning",
    summary="a step used gradients that are NaN or infinite and spoilt the parameters",
    runtime="NonFiniteGrad",
)
