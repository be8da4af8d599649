"""What backward will raise is said before, in each way in which it can, and what cannot be told is said too."""

from __future__ import annotations

import re

import pytest

from probe.capture.stops import Stop, run
from torch_features import KEEPS_SAVED, needs_readable_saved_tensors

HEAD = """
from probe.capture.pieces import *
a = torch.rand(4, requires_grad=True)
b = torch.rand(4, requires_grad=True)
layer = nn.Linear(4, 4)
optimizer = torch.optim.SGD([a, *layer.parameters()], lr=0.1)
"""

RAISES = {
    "a parameter behind a saved view is stepped": (
        "loss = layer(a.exp()).sum(); (a * 1).sum().backward(); layer(a).sum().backward(); optimizer.step()",
        "loss.backward()",
        "changed",
        "modified by an inplace operation",
    ),
    "a view of unbind is written": (
        "first = a.exp().unbind(0)[0]; loss = first.exp()\nwith torch.no_grad(): first.mul_(2)",
        "loss.backward()",
        "changed",
        "inplace",
    ),
    "an input is detached in place": (
        "h = a * 1; loss = (h @ b); h.detach_()",
        "loss.backward()",
        "detached",
        "detached",
    ),
    "the inputs of a checkpoint are written": (
        "h = a * 1; loss = checkpoint(squash, h, use_reentrant=False).sum()\nwith torch.no_grad(): h.add_(1)",
        "loss.backward()",
        "changed",
        "modified by an inplace operation",
    ),
    "an input was not used": ("loss = a.sum()", "grad(loss, [a, b])", "unused", "to not have been used"),
    "an input requires no grad": (
        "loss = a.sum(); c = b.detach()",
        "grad(loss, [a, c])",
        "input",
        "does not require grad",
    ),
    "no input is named": ("loss = a.sum()", "loss.backward(inputs=[])", "input", "cannot be empty"),
    "the gradient given has another shape": ("y = a * 2", "y.backward(torch.ones(3))", "gradient", "Mismatch in shape"),
    "a complex root implies no gradient": ("y = (a * 1j).sum()", "y.backward()", "not_scalar", "real scalar outputs"),
    "an operation has no derivative": (
        "y = torch.heaviside(a, b).sum()",
        "y.backward()",
        "no_derivative",
        "not implemented",
    ),
    "an operation on the way to an input has no derivative": (
        "y = torch.heaviside(a, b.detach()).sum()",
        "grad(y, a)",
        "no_derivative",
        "not implemented",
    ),
    "a function may be differentiated once": (
        "g = grad((Once.apply(a) * a).sum(), a, create_graph=True)[0]; loss = g.sum()",
        "loss.backward()",
        "no_derivative",
        "once_differentiable",
    ),
    "a leaf was made a result": (
        "loss = (a * 2).sum(); a.requires_grad_(False); a.mul_(b)",
        "loss.backward()",
        "moved",
        "moved into the graph interior",
    ),
    "a reentrant checkpoint meets autograd.grad": (
        "loss = checkpoint(squash, a, use_reentrant=True).sum()",
        "grad(loss, a)",
        "checkpoint",
        "use_reentrant=True",
    ),
    "the line computes under no_grad": (
        "loss = a.sum()\nold = torch.is_grad_enabled(); torch.set_grad_enabled(False)",
        "(loss * 2).backward()",
        "no_path",
        "does not require grad",
    ),
}


def stopped(before: str, call: str) -> tuple[Stop, BaseException | None]:
    import torch

    try:
        program = run(f"{HEAD}{before}\n{call}  # stop: here\n")
    finally:
        torch.set_grad_enabled(True)
    return program["here"], program.error


UNREAD = "was not read" if KEEPS_SAVED else ""
READS_SAVED = {case for case, (_, _, reason, _) in RAISES.items() if reason in {"changed", "detached"}}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[needs_readable_saved_tensors] * (case in READS_SAVED)) for case in RAISES]
)
def test_what_will_be_raised_is_said_before(case: str):
    before, call, reason, words = RAISES[case]
    stop, error = stopped(before, call)
    assert stop.raises == reason
    assert re.search(words, str(error)), error


@pytest.mark.parametrize(
    "before",
    [
        "loss = layer(a).sum()\nwith torch.no_grad(): a.grad = torch.ones(4)",
        "loss = Lazily.apply(a * 1).sum()",
        "h = a * 1; loss = Lazily.apply(h).sum(); h.add_(1)",
        "loss = (a + b).sum(); loss.backward()",
        "layer(a).sum().backward(); optimizer.step(); loss = layer(a).sum()",
        "h = a + b; v = h[1:]; h.add_(1); loss = v.sum()",
        "fused = torch.optim.SGD([a], lr=0.1, fused=True); a.sum().backward(); loss = a.sin().sum(); fused.step()",
    ],
)
def test_what_ends_well_is_not_said_to_raise(before: str):
    stop, error = stopped(before, "loss.backward()")
    assert error is None
    assert stop.raises is None
    assert stop.snapshot.backward.doubt is None or KEEPS_SAVED


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("h = a + b; h[1:].sigmoid_(); loss = h.sum()", "lies inside CopySlices"),
        ("loss = checkpoint(squash, a, use_reentrant=False).sum()", UNREAD or "packed by a hook"),
        ("loss = checkpoint(squash, a, use_reentrant=True).sum()", "runs its forward"),
    ],
)
def test_what_cannot_be_told_is_said(before: str, words: str):
    stop, error = stopped(before, "loss.backward()")
    assert error is None
    assert stop.raises is None
    assert words in (stop.snapshot.backward.doubt or "")
    assert stop.effects("a") == {"a": "new"}  # if it does not raise


def test_an_in_place_write_to_a_view_is_known_to_be_freed():
    stop, error = stopped("h = a + b; h[1:].mul_(2); loss = h.sum(); loss.backward()", "loss.backward()")
    assert stop.raises == "freed"
    assert "a second time" in str(error)


def test_autograd_grad_leaves_every_leaf_as_it_is():
    stop, error = stopped("loss = (layer(a) * b).sum(); h = a * 1", "grad(loss, [a, *layer.parameters()])")
    assert error is None
    assert stop.effects("a", "b", "layer.weight", "layer.bias", "h") == dict.fromkeys(
        ("a", "b", "layer.weight", "layer.bias", "h"), "untouched"
    )


def test_a_view_that_is_as_new_as_its_memory_is_shown_whole():
    stop, _ = stopped("h = a + b; h.add_(1); v = h[1:]; loss = v.sum()", "loss.backward()")
    assert stop.tensors["v"].not_shown is None
    assert stop.effects("v") == {"v": "dropped"}
    stop, _ = stopped("h = a + b; v = h[1:]; h.add_(1); loss = h.sum()", "loss.backward()")
    assert "changed in place" in (stop.tensors["v"].not_shown or "")
    assert stop.effects("v") == {"v": "untouched"}
