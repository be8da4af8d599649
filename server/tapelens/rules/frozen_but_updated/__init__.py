"""A step changes a parameter that was frozen.

What it flags: an optimizer's step changes a parameter with ``requires_grad=False`` that was frozen at
its last step already and that nothing has given a new gradient since.

Why it matters: ``requires_grad=False`` stops new gradients only. An old gradient that nobody cleared is
used again by each step; and where it was cleared to zeros rather than None, momentum, Adam's averages
and weight decay still move the parameter. What was to stay as it is drifts away.

Seen at run time: at the ``step()`` that changed it. A few of the parameter's values before and after
the step are compared, and its gradient with what the last step left.

Seen in the source: nothing as yet.

What it cannot know: values it did not look at. A parameter that is frozen while the generator trains
and gets gradients of its own before its own step is not meant, nor is one whose gradient is written by
hand. The optimizer's first five steps are looked at, then one in fifty until a frozen gradient is seen.

Example::

    for parameter in model.backbone.parameters():
        parameter.requires_grad_(False)
    for batch in loader:
        optimizer.zero_grad(set_to_none=False)
        model(batch).square().mean().backward()
        optimizer.step()  # momentum still moves the backbone

Use instead::

    for parameter in model.backbone.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    for batch in loader:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()

Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html ("optimizers
have a different behavior if the gradient is 0 or None (in one case it does the step with a gradient of
0 and in the other it skips the step altogether)")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="frozen-but-updated",
    severity="warning",
    summary="a step changes a parameter that has requires_grad=False",
    runtime="FrozenButUpdated",
)
