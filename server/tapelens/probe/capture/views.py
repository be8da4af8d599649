"""Whether a view's ``grad_fn`` is as old as its memory, asked without making torch build a new one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Freshness = Literal["current", "stale", "not_shown"]
"""Of a view's node: it stands for the memory as it is, it was made before an in-place write, or nobody can tell."""


def freshness(view: torch.Tensor) -> Freshness:
    """What torch would do if it were asked for the ``grad_fn`` of this view: give it, or build another first.

    NOTE [asking a view without rebuilding it]: ``grad_fn`` of a view whose memory was written since is
    rebuilt when it is read, which takes a sequence number and can change the order in which gradients are
    summed. Of views that may not be rebuilt (those of ``unbind``, of no_grad blocks, of custom Functions)
    torch refuses it instead, before it builds anything (``handle_view_on_rebase``), and never where
    nothing was written. So the view is marked as one of those for the length of one read.
    """
    autograd = sys.modules["torch"]._C._autograd
    if not hasattr(autograd, "_set_creation_meta"):
        return "not_shown"
    try:
        was = autograd._get_creation_meta(view)
        autograd._set_creation_meta(view, autograd.CreationMeta.MULTI_OUTPUT_NODE)
    except RuntimeError:  # a view that autograd does not follow
        return "not_shown"
    try:
        sys.modules["torch"]._C.TensorBase.grad_fn.__get__(view)
    except RuntimeError:
        return "stale"
    finally:
        autograd._set_creation_meta(view, was)
    return "current"


def may_be_rebuilt(view: torch.Tensor) -> bool:
    """Whether torch would build a new node for it; for views of ``unbind`` and the like it raises."""
    autograd = sys.modules["torch"]._C._autograd
    return bool(autograd._get_creation_meta(view) == autograd.CreationMeta.DEFAULT)
