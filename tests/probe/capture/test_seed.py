"""The seed notebook's programs, with the facts that follow from the notebook by hand."""

from __future__ import annotations

import sys

import pytest

from probe.capture.stops import Run, run
from tapelens.wire.sites import Site
from torch_features import needs_readable_saved_tensors

GROWING = """
import torch
w = torch.tensor([[3.0, 1.0]], requires_grad=True)
b = torch.tensor([[3.0]], requires_grad=True)
x = torch.randn(10, 2)
y = torch.randn(10, 1)
y_hat = x@w.t() + b  # stop: leaves
loss = torch.mean(torch.pow(y_hat-y, 2))  # stop: linear
text = "computed"  # stop: whole
loss.backward()  # stop: before
text = "ran"  # stop: freed
loss.backward()  # stop: again
"""


@pytest.fixture(scope="module")
def growing() -> Run:
    return run(GROWING)


def test_before_the_forward_there_are_leaves_and_no_graph(growing: Run):
    stop = growing["leaves"]
    assert stop.nodes == []
    assert [name for name, row in stop.tensors.items() if row.is_leaf] == ["w", "b", "x", "y"]
    assert {name: row.requires_grad for name, row in stop.tensors.items()} == {
        "w": True,
        "b": True,
        "x": False,
        "y": False,
    }
    assert stop.values("w") == (3.0, 1.0)
    assert stop.tensors["w"].shape == (1, 2)


def test_the_graph_grows_with_every_line_that_computes(growing: Run):
    assert growing["linear"].node_names == [
        "AccumulateGrad",
        "TBackward0",
        "MmBackward0",
        "AccumulateGrad",
        "AddBackward0",
    ]
    assert growing["whole"].node_names == [
        *growing["linear"].node_names,
        "SubBackward0",
        "PowBackward0",
        "MeanBackward0",
    ]


def test_leaves_are_tied_to_their_names(growing: Run):
    stop = growing["whole"]
    tied = [node.leaf for node in stop.nodes if node.leaf is not None]
    assert tied == [stop.tensors["w"].row, stop.tensors["b"].row]


@needs_readable_saved_tensors
def test_backward_is_foreseen_to_give_w_and_b_a_gradient_and_to_free_the_buffers(growing: Run):
    stop = growing["before"]
    backward = stop.snapshot.backward
    assert (backward.chosen_by, backward.expression, backward.will_raise) == ("line", "loss", None)
    assert stop.effects("w", "b", "x", "y", "y_hat", "loss") == {
        "w": "new",
        "b": "new",
        "x": "untouched",
        "y": "untouched",
        "y_hat": "dropped",
        "loss": "dropped",
    }
    assert backward.nodes_freed == 2  # mm keeps x, pow keeps y_hat - y
    assert backward.bytes_freed == 10 * 2 * 4 + 10 * 1 * 4


@needs_readable_saved_tensors
def test_after_backward_the_leaves_hold_gradients_and_the_buffers_are_freed(growing: Run):
    stop = growing["freed"]
    assert {name: row.grad for name, row in stop.tensors.items()} == {
        "w": "held",
        "b": "held",
        "x": "none",
        "y": "none",
        "y_hat": "none",
        "loss": "none",
    }
    assert {node.name: node.state for node in stop.nodes if node.name in ("MmBackward0", "PowBackward0")} == {
        "MmBackward0": "freed",
        "PowBackward0": "freed",
    }
    assert {node.saved_bytes for node in stop.nodes} == {0}


@needs_readable_saved_tensors
def test_the_second_backward_is_foreseen_to_raise_as_the_engine_then_does(growing: Run):
    stop = growing["again"]
    will_raise = stop.snapshot.backward.will_raise
    assert will_raise is not None
    assert (will_raise.reason, stop.nodes[will_raise.node].name) == ("freed", "PowBackward0")
    assert "loss.backward() will raise" in will_raise.message
    assert isinstance(growing.error, RuntimeError)
    assert "backward through the graph a second time" in str(growing.error)


MY_RELU = """
import torch
class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input

w = torch.tensor([[3., 1.]], requires_grad=True)
b = torch.tensor([[3.0]], requires_grad=True)
x = torch.tensor([[-1., -1.], [1., 1.]])
y = torch.tensor([[2., 3]])
myrelu = MyReLU.apply
y_hat = myrelu(x@w.t() + b)
loss = torch.mean(torch.pow(y_hat-y, 2))
loss.backward()  # stop: before
done = True  # stop: after
"""


@needs_readable_saved_tensors
def test_a_custom_function_shows_its_class_its_saved_input_and_that_it_was_freed():
    program = run(MY_RELU)
    before, after = program["before"], program["after"]
    (node,) = [node for node in before.nodes if node.name == "MyReLUBackward"]
    assert node.custom is not None
    line = 3 if sys.version_info >= (3, 13) else 4  # of the class; before 3.13 it does not know, its first method does
    assert (node.custom.function, node.custom.line) == ("MyReLU", line)
    assert node.state == "alive"
    (slot,) = [slot for slot in before.saved if slot.node == node.row]
    assert (slot.name, slot.shape, slot.state, slot.size_bytes) == ("0", (2, 1), "live", 8)
    assert [node.state for node in after.nodes if node.name == "MyReLUBackward"] == ["freed"]
    assert after.gradient("w") == (4.5, 4.5)
    assert after.gradient("b") == (4.5,)
    assert after.tensors["w"].grad_shape == (1, 2)


HOOKED = """
import torch
from functools import partial
x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2*x
loss = (y1-y2)**2
def f(name, grad):
    seen.append((name, grad.item()))
seen = []
y1.register_hook(partial(f, "y1"))
y2.register_hook(partial(f, "y2"))
x.register_post_accumulate_grad_hook(lambda leaf: None)
loss.backward()  # stop: before
done = True  # stop: after
"""


def test_hooks_are_shown_with_name_and_site_and_those_that_will_run():
    program = run(HOOKED)
    stop = program["before"]
    assert [(hook.name, hook.kind) for hook in stop.tensors["y1"].hooks] == [('f("y1")', "tensor_pre")]
    assert [(hook.name, hook.kind) for hook in stop.tensors["y2"].hooks] == [('f("y2")', "tensor_pre")]
    (post,) = stop.tensors["x"].hooks
    assert (post.name, post.kind) == ("<lambda>", "post_accumulate")
    (hook,) = stop.tensors["y1"].hooks
    assert hook.site == Site(path=stop.snapshot.site.path, line=8, function="f", in_library=False)
    assert len(stop.snapshot.backward.hooks) == len(stop.hooks) == 3
    assert program.variables["seen"] == [("y2", 4.0), ("y1", -4.0)]
    assert program["after"].gradient("x") == (4.0,)


ACCUMULATING = """
import torch
x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2*x
loss = (y1-y2)**2
loss.backward(retain_graph=True)  # stop: first
loss.backward(retain_graph=True)  # stop: second
x.grad.zero_()  # stop: twice
loss.backward()  # stop: last
"""


@needs_readable_saved_tensors
def test_a_retained_graph_stays_and_the_next_backward_adds():
    program = run(ACCUMULATING)
    assert program.error is None
    assert program["first"].snapshot.backward.retains
    assert program["first"].snapshot.backward.nodes_freed == 0
    assert program["first"].effects("x") == {"x": "new"}
    assert program["second"].effects("x") == {"x": "added"}
    assert program["second"].gradient("x") == (4.0,)
    assert program["second"].raises is None
    assert program["twice"].gradient("x") == (8.0,)
    assert program["last"].gradient("x") == (0.0,)
    assert program["last"].snapshot.backward.nodes_freed == 2


LEAVES = """
import torch
x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2*x
loss = (y1-y2)**2
loss.retain_grad()
loss.backward()  # stop: before
done = True  # stop: after
"""


def test_only_leaves_and_tensors_that_retain_it_keep_their_gradient():
    program = run(LEAVES)
    before, after = program["before"], program["after"]
    assert {name: (row.is_leaf, row.requires_grad) for name, row in before.tensors.items()} == {
        "x": (True, True),
        "y1": (False, True),
        "y2": (False, True),
        "loss": (False, True),
    }
    assert before.effects("x", "y1", "y2", "loss") == {"x": "new", "y1": "dropped", "y2": "dropped", "loss": "new"}
    assert after.gradient("loss") == (1.0,)
    assert after.gradient("x") == (4.0,)
    assert (after.tensors["y1"].grad, after.tensors["y2"].grad) == ("none", "none")
    assert before.tensors["loss"].retains_grad


def test_a_module_names_its_parameters_and_its_optimizer():
    program = run("""
    import torch
    from torch import nn
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(2, 1))
            self.b = nn.Parameter(torch.zeros(1, 1))
            self.layers = nn.Sequential(nn.Linear(1, 1), nn.ReLU())

        def forward(self, x):
            y = x@self.w + self.b  # stop: inside
            return self.layers(y)

    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    out = net(torch.rand(10, 2)).sum()
    out.backward()  # stop: outside
    optimizer.step()
    done = True  # stop: stepped
    """)
    inside, outside = program["inside"], program["outside"]
    assert {"x", "self.w", "self.b", "self.layers[0].weight", "self.layers[0].bias"} <= inside.tensors.keys()
    weight = outside.tensors["net.layers[0].weight"]
    assert (weight.module, weight.optimizer, weight.type_name) == ("net.layers[0]", "optimizer", "Parameter")
    assert outside.tensors["net.w"].module == "net"
    assert outside.effects("net.w", "net.b", "net.layers[0].weight") == dict.fromkeys(
        ("net.w", "net.b", "net.layers[0].weight"), "new"
    )
    assert 'optimizer.state[net.w]["momentum_buffer"]' in program["stepped"].tensors
