"""A graph runs backward with parameters that have changed since it was made, and torch does not notice.

What it flags: a backward through operations that saved a parameter for it, after a step or a write by hand
has changed that parameter in a way that raises no version counter: a fused optimizer, ``.data``, numpy.

Why it matters: an operation saves its inputs, not copies of them. When they change before the backward, the
gradients are those of no function at all. For ordinary in-place operations torch counts versions and
raises "modified by an inplace operation"; here nobody counts, and the gradients are silently wrong: by
about half of their size for a learning rate of 0.1.

Seen at run time: a few values of each parameter are compared at both ends of a step and as each backward
begins. A node that is older than a change without a new version, and that saved memory which the parameter
still uses, is behind. It stands at the step, or at the line that wrote.

Seen in the source: nothing as yet.

What it cannot know: changes that leave the few values which are looked at as they were; those after the
first steps of an optimizer that are not one of five hundred; values on an accelerator; what a checkpoint or
a hook packed; anything, on an old torch that keeps saved tensors to itself, such as 2.4. The line of a write
by hand is told when the function or the file has a single one of that kind, else it stands at the backward.

Example::

    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    first, second = criterion(model(x), y), criterion(model(z), y)
    first.backward()
    optimizer.step()
    second.backward()  # its graph saved the parameters of before the step
    optimizer.step()

Use instead::

    first = criterion(model(x), y)
    first.backward()
    optimizer.step()
    optimizer.zero_grad()
    second = criterion(model(z), y)
    second.backward()
    optimizer.step()

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="stale-graph-backward",
    severity="error",
    summary="a graph runs backward with parameters that have changed since it was made, and torch does not notice",
    runtime="StaleGraphBackward",
)
