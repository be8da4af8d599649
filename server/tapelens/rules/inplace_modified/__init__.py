"""A tensor that backward needs was changed in place.

What it flags: "one of the variables needed for gradient computation has been modified by an inplace
operation", when nobody catches it; so too an in-place operation that PyTorch refuses at once, on a leaf that requires
grad or on a view that it cannot follow. At a stop whose line is about to run such a graph backward, it is foreseen.

Why it matters: many operations save their inputs or their result to compute gradients. A later ``+=``,
``relu_()``, ``x[0] = …`` or ``optimizer.step()`` overwrites what was saved; PyTorch notices by the version
counter, at the backward, and its traceback does not name the line that wrote.

Seen at run time: at the in-place operation where that can be told, with the variable, its versions and the line
that saved it; else at the backward. The operation's line is known where lines are watched (Python 3.12 and later),
and otherwise looked for in the source of the functions that run. Of a parameter that an optimizer changed it is
the ``step()``.

Seen in the source: a change in place of what an operation saved, a step or a change of parameters
between the forward pass that saved them and the backward, when all of it surely lies on one way; and a
leaf that requires a gradient written into with grad mode on. Fused optimizers are left to
stale-graph-backward.

What it cannot know: an operation in a function that has returned and that no variable leads to. An
exception that you catch is yours and is not flagged. A tensor that was changed but is never run backward is no
fault, nor is one under ``torch.autograd.graph.allow_mutation_on_saved_tensors``.

Example::

    weights = torch.sigmoid(scores)  # saves its result
    weights += 0.1  # overwrites it
    (weights * values).sum().backward()

Use instead::

    weights = torch.sigmoid(scores)
    weights = weights + 0.1
    (weights * values).sum().backward()

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks ("Every tensor
keeps a version counter, that is incremented every time it is marked dirty in any operation.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="inplace-modified",
    severity="error",
    summary="a tensor that backward needs was changed in place after it had been saved",
    runtime="InplaceModified",
    source="inplace_modified",
    fix="make_anew",
)
