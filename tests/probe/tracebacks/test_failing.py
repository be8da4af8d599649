"""Below a backward's traceback stands the node that failed, and the line that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

import tapelens
from probe.tracebacks.raising import below_the_traceback
from torch_features import needs_readable_saved_tensors

OURS = Path(tapelens.__file__).parent

PROGRAMS = {
    "freed": (
        "MulBackward0 had been run before, and what it saved is freed",
        """
w = torch.ones(3, requires_grad=True)
h = w.exp()
loss = (h * h).sum()  # made
loss.backward()
(loss + h.sin().sum()).backward()
""",
    ),
    "changed in place": (
        "ReluBackward0 (module Net) saved a tensor that was changed in place since",
        """
class Net(torch.nn.Module):
    def forward(self, x):
        h = (x * self.weight).relu()  # made
        y = h * 2
        h += 1
        return (y * y).sum()
net = Net()
net.weight = torch.nn.Parameter(torch.ones(3))
net(torch.ones(2, 3)).backward()
""",
    ),
    "NaN in anomaly mode": (
        "SqrtBackward0 returned nan values",
        """
torch.autograd.set_detect_anomaly(True)
w = torch.zeros(3, requires_grad=True)
early = w.exp().sqrt()
late = w.sqrt()  # made
((late * 0).sum() + early.sum()).backward()
""",
    ),
    "a custom backward of a wrong shape": (
        "DoubleBackward returned an invalid gradient",
        """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, gradient):
        return torch.ones(2, 2)
w = torch.ones(3, requires_grad=True)
y = Double.apply(w.exp())  # made
y.square().sum().backward()
""",
    ),
    "a custom backward that raises": (
        "DoubleBackward raised",
        """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, gradient):
        raise ValueError("mine")
w = torch.ones(3, requires_grad=True)
a = Double.apply(w.exp())  # made
b = w.exp().square().sum()
try:
    (b + a.square().sum()).backward()
except ValueError as error:
    raise KeyError("told later") from error
""",
    ),
    "a custom backward that gives too many": (
        "DoubleBackward returned an incorrect number of gradients",
        """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, gradient):
        return gradient, gradient
w = torch.ones(3, requires_grad=True)
Double.apply(w.exp()).square().sum().backward()  # made
""",
    ),
    "an operation of C++'s that meets another shape": (
        "MulBackward0 raised",
        """
def pack(x):
    return x
def unpack(x):
    return torch.ones(7) if spoiled else x
spoiled = False
w = torch.ones(3, requires_grad=True)
with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
    product = w * w.detach()  # made
spoiled = True
product.exp().exp().sum().backward()
""",
    ),
}


BY_WHAT_IS_SAVED = ("changed in place", "NaN in anomaly mode", "an operation of C++'s that meets another shape")


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=needs_readable_saved_tensors) if each in BY_WHAT_IS_SAVED else each for each in PROGRAMS],
)
def test_the_node_that_failed_is_told_with_the_line_that_made_it(tmp_path: Path, name: str):
    words, text = PROGRAMS[name]
    program = tmp_path / "train.py"
    program.write_text(f"import torch\n{text}")
    line = next(number for number, each in enumerate(program.read_text().splitlines(), 1) if each.endswith("# made"))
    own, below = below_the_traceback(program)
    assert own.startswith("Traceback (most recent call last):")
    assert str(OURS) not in own
    assert "FAULT" not in below
    assert f"tapelens: in this backward {words}. It was made at {program}:{line} in " in below
    assert below.splitlines()[1].startswith(f"  > {line:>4} ")


ON_A_THREAD = """
import threading
import torch
w = torch.ones(3, requires_grad=True)
def work():
    loss = w.square().sum()
    loss.backward()
    loss.backward()
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_an_exception_of_a_thread_is_told_by_its_hook(tmp_path: Path):
    program = tmp_path / "train.py"
    program.write_text(ON_A_THREAD)
    own, below = below_the_traceback(program)
    assert own.startswith("Exception in thread")
    assert below.startswith("tapelens: in this backward PowBackward0 had been run before, and what it saved is freed.")


ONCE = """
import torch
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return gradient * 2
w = torch.ones(3, requires_grad=True)
y = Double.apply(w.exp()).square().sum()
(gradient,) = torch.autograd.grad(y, w, create_graph=True)
gradient.sum().backward()
"""


def test_a_function_that_may_be_differentiated_once_is_told_by_its_rule(tmp_path: Path):
    program = tmp_path / "train.py"
    program.write_text(ONCE)
    words = "tapelens: in this backward Error was differentiated a second time, which @once_differentiable forbids. "
    assert below_the_traceback(program)[1].startswith(words)


SILENT = {
    "an error of the user's own": "raise ValueError('mine')\n",
    "a backward without a graph": "torch.ones(3).sum().backward()\n",
    "a retained graph, of which nothing tells": """
def unpack(x):
    return torch.ones(7) if spoiled else x
spoiled = False
w = torch.ones(3, requires_grad=True)
with torch.autograd.graph.saved_tensors_hooks(lambda x: x, unpack):
    product = w * w.detach()
spoiled = True
product.exp().exp().sum().backward(retain_graph=True)
""",
    "an input that was not used, which the engine says when all has run": """
w, other = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
torch.autograd.grad(w.exp().sin().sum() + 1, (w, other))
""",
    "a hook that raises, whose own frames tell": """
def hook(gradient):
    raise ValueError("mine")
w = torch.ones(3, requires_grad=True)
h = w.exp()
h.register_hook(hook)
h.sin().sum().backward()
""",
    "left by exit": "raise SystemExit('a text')\n",
}


@pytest.mark.parametrize("name", SILENT)
def test_nothing_is_said_where_nothing_is_known(tmp_path: Path, name: str):
    program = tmp_path / "train.py"
    program.write_text(f"import torch\n{SILENT[name]}")
    assert below_the_traceback(program)[1] == ""


def test_where_lines_are_not_noted_the_operation_is_told_all_the_same(tmp_path: Path):
    program = tmp_path / "train.py"
    program.write_text(f"import torch\n{PROGRAMS['a custom backward of a wrong shape'][1]}")
    below = below_the_traceback(program, lines="off")[1]
    assert below == (
        "tapelens: in this backward DoubleBackward returned an invalid gradient. Where it was made was not seen.\n"
        "  Which line made it is known with `tapelens run --lines every_line`.\n"
    )
