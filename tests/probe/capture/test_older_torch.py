"""What older torch keeps to itself is marked as not shown, and the snapshot says why; the rest is as ever."""

from __future__ import annotations

import sys

import pytest
import torch

from probe.capture.stops import capture
from tapelens.probe.capture import nodes, saved


@pytest.fixture(autouse=True)
def like_torch_2_4(monkeypatch: pytest.MonkeyPatch) -> None:
    """On newer torch, what 2.4 has not is not found."""
    monkeypatch.setattr(saved, "can_look", lambda: False)
    monkeypatch.setattr(nodes, "can_look", lambda: False)
    monkeypatch.setattr(nodes, "_METADATA", "_absent")


def test_saved_tensors_and_shapes_of_nodes_are_not_shown_and_the_snapshot_says_why():
    x = torch.ones(3, requires_grad=True)
    loss = (x.exp() * x).sum()
    stop = capture(sys._getframe())
    assert {row.state for row in stop.saved} == {"not_shown"}
    assert {node.shape for node in stop.nodes} == {None}
    assert {(left.what, left.count) for left in stop.snapshot.left_out} == {("saved", 3), ("shapes", 4)}
    assert all(f"torch {torch.__version__}" in left.why for left in stop.snapshot.left_out)
    assert all("newer torch" in left.why for left in stop.snapshot.left_out)
    del loss


def test_structure_names_and_effects_are_shown_and_whether_it_raises_is_in_doubt():
    x = torch.ones(3, requires_grad=True)
    loss = (x.exp() * x).sum()
    stop = capture(sys._getframe())
    assert sorted(stop.node_names) == ["AccumulateGrad", "ExpBackward0", "MulBackward0", "SumBackward0"]
    assert stop.effects("x") == {"x": "new"}
    assert stop.raises is None
    assert "was not read" in (stop.snapshot.backward.doubt or "")
    del loss


def test_no_unpack_hook_is_run():
    ran: list[str] = []

    def unpack(packed: torch.Tensor) -> torch.Tensor:
        ran.append("unpack")
        return packed

    x = torch.ones(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, unpack):
        loss = x.exp().sum()
    capture(sys._getframe())
    assert ran == []
    del loss


def test_a_list_of_saved_tensors_still_says_that_it_was_freed():
    x = torch.ones(4, requires_grad=True)
    loss = x[torch.tensor([0, 1])].sum()
    loss.backward()
    stop = capture(sys._getframe())
    assert [row.state for row in stop.saved] == ["freed"]
    assert stop.raises == "freed"
