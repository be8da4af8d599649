"""The debugger's own hover, Watch and Variables show cards, in any DAP client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions.drive import Driven, driven, marked_lines

PROGRAM = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(10, 2)])

    def forward(self, x):
        return self.layers[0](x)

    def __repr__(self):
        raise RuntimeError("asked for its repr")

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.ones(3, 10)
w = net.layers[0].weight
y = net(x)
losses = [y.sum(), y.mean()]
base = torch.ones(4, requires_grad=True) * 1
view = base[:2]
base.mul_(2)
print("clock", torch._C._autograd._get_sequence_nr())
print("done", torch._C._autograd._get_sequence_nr())  # stop: here
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "cards.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


class Views:
    """What a client's views ask of the stopped thread."""

    def __init__(self, run: Driven) -> None:
        self._request = run.session._request
        self._frame = 0

    async def open(self) -> dict[str, dict[str, Any]]:
        """The innermost frame's local variables by name."""
        (thread,) = (await self._request("threads", {}))["threads"]
        frames = (await self._request("stackTrace", {"threadId": thread["id"], "levels": 1}))["stackFrames"]
        self._frame = frames[0]["id"]
        scopes = (await self._request("scopes", {"frameId": self._frame}))["scopes"]
        return await self.below(scopes[0])

    async def below(self, variable: dict[str, Any]) -> dict[str, dict[str, Any]]:
        answer = await self._request("variables", {"variablesReference": variable["variablesReference"]})
        return {child["name"]: child for child in answer["variables"]}

    async def evaluate(self, expression: str, context: str) -> str:
        answer = await self._request("evaluate", {"expression": expression, "frameId": self._frame, "context": context})
        return answer["result"]


async def test_variables_hover_and_watch_show_cards_and_the_console_the_value(program: Path):
    async with driven(program, stops=[marked_lines(program)["here"]]) as run:
        await run.next_stop()
        views = Views(run)
        locals_ = await views.open()
        assert locals_["w"]["value"] == "Parameter (2, 10) float32 cpu · leaf · requires_grad · grad None"
        assert locals_["net"]["value"] == "Net · 2 modules · 22 parameters, 88 B · grad in 0 of 2 tensors · training"
        assert locals_["optimizer"]["value"] == "SGD · lr 0.1 · 2 parameters in 1 group · no state yet"
        assert locals_["losses"]["value"] == "[Tensor () float32, Tensor () float32]"
        assert "a view changed in place" in locals_["view"]["value"]
        for context in ("hover", "watch"):
            hovered = await views.evaluate("net.layers[0].weight", context)
            assert hovered == "Parameter (2, 10) float32 cpu · leaf · requires_grad · grad None"
        assert (await views.evaluate("torch.ones(2)", "repl")) == "tensor([1., 1.])"
        await run.run_to_end()
        clock = [line.split()[1] for line in run.printed.splitlines()]
        assert clock[0] == clock[1], "showing the values moved autograd's clock"
        assert run.store.faults(run.session.id) == ()


async def test_children_are_grouped_and_carry_expressions_that_lead_there(program: Path):
    async with driven(program, stops=[marked_lines(program)["here"]]) as run:
        await run.next_stop()
        views = Views(run)
        locals_ = await views.open()
        groups = await views.below(locals_["y"])
        assert list(groups) == ["autograd", "data", "values"]
        assert {group["type"] for group in groups.values()} == {""}
        autograd = await views.below(groups["autograd"])
        assert autograd["grad_fn"]["value"] == "AddmmBackward0 · 3 inputs"
        assert autograd["grad_fn"]["evaluateName"] == "y.grad_fn"
        assert autograd["grad"]["value"].startswith("None: it is no leaf; call retain_grad()")
        rows = await views.below(groups["values"])
        assert list(rows) == ["[0]", "[1]", "[2]"]
        modules = await views.below((await views.below(locals_["net"]))["modules"])
        assert modules["layers"]["evaluateName"] == "net.layers"
        layers = await views.below((await views.below(modules["layers"]))["modules"])
        parameters = await views.below((await views.below(layers["0"]))["parameters"])
        path = parameters["weight"]["evaluateName"]
        assert path == "net.layers[0].weight"
        assert (await views.evaluate(f"{path} is w", "hover")) == "True"


async def test_cards_can_be_switched_off(program: Path):
    async with driven(program, stops=[marked_lines(program)["here"]], cards=False) as run:
        await run.next_stop()
        locals_ = await Views(run).open()
        assert locals_["x"]["value"].startswith("tensor([[1., 1.")
