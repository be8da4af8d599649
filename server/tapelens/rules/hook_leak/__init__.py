"""The same hook is registered over and over, and none is removed.

What it flags: four or more hooks with the same code that are alive on the same tensor, module or
optimizer (or global ones), each registered in another iteration.

Why it matters: every one of them runs at each backward or call, so that the program does a little more
in each iteration and gets slower and slower; what a hook scales or adds, it scales or adds several
times; and what the hooks' closures hold, old activations for instance, is never freed.

Seen at run time: at the registration that makes it four. What is alive is read from the very table
that torch calls hooks from, so a hook that was removed in any way does not count.

Seen in the source: a registration in a loop, or in what a loop calls, on the same module, tensor or
parameters in every round, whose handle nobody removes. A loop over the targets themselves is none.

What it cannot know: hooks on autograd nodes (``grad_fn.register_hook``), which torch keeps where
Python does not reach. Hooks on a tensor that is made anew in each iteration go with it and are not
flagged; nor are several that are set up in one go, in a loop over names say, and those that a
library registers.

Example::

    for batch in loader:
        model.encoder.register_forward_hook(save_output)  # one more in each iteration
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()

Use instead::

    handle = model.encoder.register_forward_hook(save_output)
    for batch in loader:
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()
    handle.remove()

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html ("Returns: a handle that can
be used to remove the added hook by calling handle.remove()")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="hook-leak",
    severity="warning",
    summary="the same hook is registered over and over without being removed",
    runtime="HookLeak",
    source="hook_leak",
)
