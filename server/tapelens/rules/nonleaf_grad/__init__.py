"""The gradient of a tensor that keeps none is read.

What it flags: your code reads ``.grad`` of a tensor that an operation made (a non-leaf) and on which
``retain_grad()`` was not called.

Why it matters: ``backward()`` fills ``.grad`` of leaves only. Of any other tensor it is None, before
and after, and what is done with it (a norm that is logged, a saliency map, a condition) is done with None. PyTorch
warns once a place, easily lost among other output.

Seen at run time: where PyTorch itself warns, at the line that reads. The message names the tensor and,
where that is known, the line that made it.

Seen in the source: ``.grad`` of what an operation surely made from something that requires a gradient,
with no ``retain_grad()`` before. ``getattr(x, "grad")`` and tensors that a hook saved are not followed.

What it cannot know: what PyTorch does not tell. Where warnings are ignored (``python -W ignore``,
``warnings.filterwarnings("ignore")``) the reading passes unseen, as does the second reading in one place.
It is silent after ``retain_grad()``, for ``hasattr(x, "grad")``, for what a debugger evaluates and for what
a library reads. Where the tensor stands in the place of a leaf, leaf-lost speaks instead.

Example::

    hidden = torch.relu(first(x))
    second(hidden).square().mean().backward()
    print(hidden.grad.norm())  # hidden is no leaf: its .grad is None

Use instead::

    hidden = torch.relu(first(x))
    hidden.retain_grad()
    second(hidden).square().mean().backward()
    print(hidden.grad.norm())

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html ("Enables this
Tensor to have their grad populated during backward(). This is a no-op for leaf tensors.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="nonleaf-grad",
    severity="warning",
    summary="`.grad` is read of a tensor that keeps no gradient: it is no leaf, and retain_grad() was not called",
    runtime="NonleafGrad",
    source="nonleaf_grad",
    fix="retain_it",
)
