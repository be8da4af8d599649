"""A tensor made to be trained is replaced by a result of it.

What it flags: a tensor is made with ``requires_grad=True`` and, in the same breath or a later line, replaced by
what an operation gives (``.to(device)``, ``* 0.1``, ``w = w - lr * w.grad``). The result is then used as the
parameter: it is given to an optimizer, or its ``.grad`` is read.

Why it matters: the result is no leaf. ``backward()`` fills the gradient of the leaf behind it, which no
variable names any more; ``.grad`` of the result is None, and an optimizer refuses it. On a machine without
an accelerator ``.to(device)`` gives the leaf itself back, so the same script works there.

Seen at run time: at the statement that made the result, when its ``.grad`` is read (where PyTorch itself
warns) or an optimizer refuses it and nobody catches that.

Seen in the source: a result of a leaf that has no name of its own, or had the result's name, when an
optimizer gets it or its ``.grad`` is read. ``.to(device)`` with a device that is not written out may
give the leaf itself back and is not judged.

What it cannot know: a replacement that is not written in the functions that run or in the class of their
``self``. It is silent when the leaf behind is still held by a variable, when the result's ``.grad`` is never
read (functional updates, as in MAML), and where warnings are ignored.

Example::

    w = torch.randn(784, 10, requires_grad=True) * 0.01  # w is the product, not the leaf
    for x, y in loader:
        loss = torch.nn.functional.cross_entropy(x @ w, y)
        loss.backward()
        w.grad.zero_()

Use instead::

    w = (torch.randn(784, 10) * 0.01).requires_grad_()
    for x, y in loader:
        loss = torch.nn.functional.cross_entropy(x @ w, y)
        loss.backward()
        w.grad.zero_()

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_leaf.html ("b was created by the
operation that cast a cpu Tensor into a cuda Tensor", which is why it is no leaf)
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="leaf-lost",
    severity="warning",
    summary="a result of a leaf stands in its place, and is used as the parameter",
    runtime="LeafLost",
    source="leaf_lost",
    fix="move_requires_grad",
)
