"""A parameter gets gradients that no step uses, because no optimizer holds it.

What it flags: a parameter that got gradients in three steps and never changed, that no optimizer holds,
and that came into the model after the optimizer was made; or took the place of one that the optimizer
still holds (a new head, ``load_state_dict(assign=True)``); or lies, itself or its module, in a plain
list or dict of a module, so that ``parameters()`` does not give it; or belongs to a model that was made
or copied anew while the optimizer still holds the old one's; or to a module of its own that you made and
never froze, evaluated or loaded.

Why it matters: part of the model keeps its initial values. If that is all of it, the loss does not fall
at all; else the rest learns around it, and it is just worse than it should be.

Seen at run time: as the backward after the third such step begins, at the line that makes the optimizer.
Where the parameter was made, or replaced, is related.

Seen in the source: a part that is put into a model after the optimizer was made from it; modules and
parameters in a plain list or dict of a module whose ``parameters()`` an optimizer got; a module of its
own that trains with the others and that no optimizer in sight has. Anything given to foreign code,
frozen, loaded or put into a mode is left alone.

What it cannot know: what is meant to stay as it is. It is silent for parameters that were in the model
when the optimizer was made (training the head only, layers frozen by being left out), for parameters
whose values change in any way (masters in full precision, updates by hand), for modules of which any
part is frozen, was put in evaluation mode or got a state dict (perceptual losses, teachers), and for
inputs that require gradients. Values on an accelerator are not read.

Example::

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(8, 8) for _ in range(3)]
            self.head = nn.Linear(8, 1)

    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)  # holds the head only

Use instead::

            self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html ("Modules it contains are
properly registered, and will be visible by all Module methods.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="param-not-in-optimizer",
    severity="warning",
    summary="a parameter gets gradients that no step uses, because no optimizer holds it",
    runtime="ParamNotInOptimizer",
    source="param_not_in_optimizer",
    fix="register_the_list",
)
