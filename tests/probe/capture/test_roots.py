"""The statement at the stop tells the root, however it is written."""

from __future__ import annotations

import warnings

import pytest

from probe.capture.stops import Run, Stop, run

HEAD = """
import torch
from torch import autograd
from torch.autograd import grad

class Holder:
    pass

x = torch.ones(3, requires_grad=True)
y = x * 2
loss = y.sum()
other = (x * 3).sum()
self = Holder()
self.loss = loss
losses = {"main": loss, "all": [other, loss], 3: other}
keep = True
newest = (x * 4).sum()
"""

CALLS = {
    "loss.backward()": "loss",
    "self.loss.backward()": "self.loss",
    'losses["main"].backward()': "losses['main']",
    'losses["all"][-1].backward()': "losses['all'][-1]",
    "losses[3].backward()": "losses[3]",
    "torch.autograd.backward(loss)": "loss",
    "autograd.backward([loss, other])": "[loss, other]",
    "torch.autograd.backward(tuple_of_losses)": "tuple_of_losses",
    "torch.autograd.grad(loss, x)": "loss",
    "autograd.grad(loss, [x])": "loss",
    "grad(loss, x)": "loss",
    "gradient, = torch.autograd.grad(loss, x)": "loss",
    "print(loss.backward())": "loss",
    "(loss / 4).backward()": "loss / 4",
    "(loss + 0.1 * other).backward()": "loss + 0.1 * other",
    "y.mean().backward()": "y.mean()",
    "scaler.scale(loss).backward()": "scaler.scale(loss)",
    "accelerator.backward(loss)": "loss",
    "y.backward(torch.ones(3))": "y",
    "y.backward(gradient=torch.ones(3))": "y",
    "if keep: loss.backward()": "loss",
    "with torch.enable_grad(): loss.backward()": "loss",
    "try: loss.backward()\nfinally: keep = 0": "loss",
    "_ = None; loss.backward()": "loss",
}


class Accelerator:
    """Something of a library's that runs backward for the user."""

    def backward(self, loss):
        loss.backward()


class Scaler:
    """Scales a loss as GradScaler does."""

    def scale(self, loss):
        return loss * 8


def stopped_at(call: str) -> Stop:
    first, _, rest = call.partition("\n")
    source = f"{HEAD}tuple_of_losses = (loss, other)\n{first}  # stop: here\n{rest}\n"
    return of(run(source, accelerator=Accelerator(), scaler=Scaler()))


def of(program: Run) -> Stop:
    assert program.error is None
    return dict(reversed(program.stops))["here"]  # a with statement's line is met again at its end


@pytest.mark.parametrize("call", CALLS)
def test_the_root_is_the_one_in_the_line(call: str):
    stop = stopped_at(call)
    backward = stop.snapshot.backward
    assert backward.chosen_by == "line"
    assert backward.expression == CALLS[call]
    assert backward.will_raise is None
    assert stop.effects("x") == {"x": "untouched" if "grad(loss" in call else "new"}


def test_without_a_call_in_the_line_the_newest_scalar_is_the_root():
    stop = stopped_at("value = loss.item()")
    assert (stop.snapshot.backward.chosen_by, stop.snapshot.backward.expression) == ("newest_scalar", "newest")


@pytest.mark.parametrize(
    "call",
    [
        "def later(): loss.backward()",
        "step = lambda: loss.backward()",
        "torch.nn.functional.mse_loss(y, x.detach()).backward()",
        "text = 'loss.backward()'",
    ],
)
def test_what_does_not_run_now_or_cannot_be_told_is_no_root(call: str):
    assert stopped_at(call).snapshot.backward.chosen_by == "newest_scalar"


def test_a_statement_over_several_lines_is_one():
    stop = of(run(HEAD + "(\n    loss  # stop: here\n    .backward(\n        retain_graph=True,\n    )\n)\n"))
    assert stop.snapshot.backward.expression == "loss"
    assert stop.snapshot.backward.retains


def test_inside_a_function_of_one_line_its_own_statement_counts():
    program = run(HEAD + "def later(): loss.backward()  # stop: here\nlater()\n")
    assert [stop.snapshot.backward.chosen_by for _, stop in program.stops] == ["newest_scalar", "line"]


@pytest.mark.parametrize(
    ("arguments", "retains"),
    [
        ("", False),
        ("retain_graph=True", True),
        ("gradient=None, create_graph=keep", True),
        ("None, True", True),
        ("retain_graph=keep", True),
        ("retain_graph=False, create_graph=True", False),
    ],
)
def test_whether_the_buffers_stay_is_read_from_the_call(arguments: str, *, retains: bool):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of create_graph
        stop = stopped_at(f"loss.backward({arguments})")
    assert stop.snapshot.backward.retains is retains


def test_in_a_block_only_the_header_counts():
    program = run(
        HEAD
        + """
for part in [loss]:  # stop: header
    part.backward()  # stop: body
"""
    )
    header = [stop for name, stop in program.stops if name == "header"]
    assert [stop.snapshot.backward.chosen_by for stop in header] == ["newest_scalar", "newest_scalar"]
    assert program["body"].snapshot.backward.expression == "part"


def test_a_frame_in_the_middle_of_its_line_has_no_call_to_come():
    stops: list[Stop] = []

    from probe.capture.stops import capture

    def look(_: str, frame) -> None:
        stops.append(capture(frame.f_back))

    program = run(
        HEAD
        + """
def hook(gradient):
    return gradient  # stop: inside

loss.register_hook(hook)
loss.backward()
""",
        on_stop=look,
    )
    assert program.error is None
    assert [stop.snapshot.backward.chosen_by for stop in stops] == ["newest_scalar"]


@pytest.mark.parametrize(
    ("call", "reason", "words"),
    [
        ("y.backward()", "not_scalar", "grad can be implicitly created only for scalar outputs"),
        ("(y * 2).backward()", "not_scalar", "grad can be implicitly created only for scalar outputs"),
        ("loss.detach_().backward()", None, ""),
        ("torch.autograd.backward([loss, plain])", "no_path", "does not require grad"),
        ("plain.backward()", "no_path", "does not require grad"),
        ("(plain * 2).backward()", "no_path", "does not require grad"),
    ],
)
def test_what_torch_refuses_at_once_is_said_before(call: str, reason: str | None, words: str):
    program = run(f"{HEAD}plain = torch.ones(())\n{call}  # stop: here\n")
    stop = program["here"]
    assert stop.raises == reason
    if reason is not None:
        assert isinstance(program.error, RuntimeError)
        assert words in str(program.error)
        will_raise = stop.snapshot.backward.will_raise
        assert will_raise is not None
        assert words in will_raise.message


def test_with_inputs_only_what_is_asked_for_gets_a_gradient():
    program = run("""
    import torch
    x = torch.ones(3, requires_grad=True)
    w = torch.ones(3, requires_grad=True)
    h = x * w
    loss = h.exp().sum()
    loss.backward(inputs=[w])  # stop: here
    """)
    assert program.error is None
    assert program["here"].effects("x", "w", "h") == {"x": "untouched", "w": "new", "h": "dropped"}
