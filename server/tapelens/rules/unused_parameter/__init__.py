"""A layer that the optimizer holds never runs in training.

What it flags: a child of a module that you wrote, with parameters that an optimizer holds, that did
not run in any of five training steps (three, if the program ends by then) in which its parent ran, and
whose parameters never had a gradient.

Why it matters: it is mostly a slip in ``forward`` (``self.fc1`` called twice, a layer forgotten as the
model grew). Nothing fails: the layer keeps its initial values, goes into the checkpoint, and the model
is smaller than it looks. With ``DistributedDataParallel`` it is an error in the next iteration.

Seen at run time: as the fifth such step begins, at the line that makes the layer; a step is related.
Where a method of the class does name the layer, under a condition that has not come true, it is
information.

Seen in the source: nothing as yet.

What it cannot know: what later iterations will do. It is silent for members of a list, dict or numbered
family some of whose members run (experts, layers dropped at random, a head for each task), for layers
whose weights get gradients in another way (tied weights, ``F.linear(x, self.fc.weight)``), for modules
of libraries (poolers, heads that a task skips), and where the parent itself did not run.

Example::

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(8, 8)
            self.second = nn.Linear(8, 8)  # never runs

        def forward(self, x):
            return self.first(self.first(x))

Use instead::

        def forward(self, x):
            return self.second(self.first(x))

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html
(``find_unused_parameters``)
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="unused-parameter",
    severity="warning",
    summary="a layer whose parameters an optimizer holds never runs in training",
    runtime="UnusedParameter",
)
