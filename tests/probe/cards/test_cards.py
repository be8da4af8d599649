"""One line and grouped children for each kind of value, and nothing of the user's run to make them."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from torch import nn

from tapelens.probe.cards.children import children_of
from tapelens.probe.cards.entries import Child, Group
from tapelens.probe.cards.lines import line_of
from torch_features import KEEPS_SAVED

CLOCK: Any = torch._C._autograd._get_sequence_nr  # pyright: ignore[reportAttributeAccessIssue]


def leaf(*shape: int) -> torch.Tensor:
    return torch.ones(shape, requires_grad=True)


def with_gradient() -> torch.Tensor:
    w = leaf(10, 2)
    w.sum().backward()
    return w


def kept() -> torch.Tensor:
    y = leaf(10, 2) * 2
    y.retain_grad()
    return y


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (leaf(10, 2), "Tensor (10, 2) float32 cpu · leaf · requires_grad · grad None"),
        (with_gradient(), "Tensor (10, 2) float32 cpu · leaf · requires_grad · grad (10, 2)"),
        (nn.Parameter(torch.ones(10)), "Parameter (10,) float32 cpu · leaf · requires_grad · grad None"),
        (torch.ones(10, 2), "Tensor (10, 2) float32 cpu · leaf"),
        (leaf(10, 2) * 2, "Tensor (10, 2) float32 cpu · MulBackward0 · requires_grad"),
        (kept(), "Tensor (10, 2) float32 cpu · MulBackward0 · requires_grad · retains_grad · grad None"),
        (torch.tensor(0.25), "Tensor () float32 cpu · leaf · 0.25"),
        (torch.tensor([True, False]), "Tensor (2,) bool cpu · leaf · [True, False]"),
        (torch.ones(0, 3), "Tensor (0, 3) float32 cpu · leaf"),
        (torch.ones(3, 3).to_sparse(), "Tensor (3, 3) float32 cpu sparse_coo · leaf"),
        (torch.ones(3, 3, device="meta"), "Tensor (3, 3) float32 meta · leaf"),
        (leaf(10, 2)[0], "Tensor (2,) float32 cpu · SelectBackward0 · requires_grad · view · [1, 1]"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_a_tensor_says_what_it_is_to_autograd(value: torch.Tensor, line: str):
    assert line_of(value) == line


def test_a_view_changed_in_place_is_not_asked_for_its_node():
    base = leaf(4) * 1
    view = base[:2]
    base.mul_(2)
    before = CLOCK()
    line = line_of(view)
    below = opened(children_of(view))
    assert CLOCK() == before
    assert line is not None
    assert "not shown: a view changed in place" in line
    assert "reading its grad_fn would build a new node" in below["autograd"]["not shown"]
    _ = view.grad_fn
    assert CLOCK() > before  # what asking would have done


def test_a_subclass_of_the_users_is_not_called():
    calls: list[str] = []

    class Watching(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            calls.append(str(func))
            return super().__torch_function__(func, types, args, kwargs or {})

    value = torch.ones(3).as_subclass(Watching)
    calls.clear()
    assert line_of(value) == "Watching (3,) float32 cpu · leaf · view · [1, 1, 1]"
    opened(children_of(value))
    assert calls == []


def test_a_tensors_children_are_grouped():
    y = kept()
    y.register_hook(print)
    below = opened(children_of(y))
    assert list(below) == ["autograd", "data", "values"]
    assert below["autograd"]["is_leaf"] == "False"
    assert below["autograd"]["grad"] == "None: no backward has reached it"
    assert below["autograd"]["hooks"] == {"print": "before its gradient is passed on"}
    assert below["data"] == {
        "shape": "(10, 2)",
        "dtype": "float32",
        "device": "cpu",
        "layout": "strided",
        "storage": "80 B",
        "strides": "(2, 1)",
        "storage offset": "0",
    }
    assert below["values"]["[9]"] == {"[0]": "2", "[1]": "2"}


def test_why_a_non_leaf_has_no_grad_is_said():
    below = opened(children_of(leaf(2) * 2))
    assert below["autograd"]["grad"].startswith("None: it is no leaf; call retain_grad() on it")


def test_values_are_read_when_opened_and_no_more_than_a_hundred_a_level():
    value = torch.arange(300)
    group = next(child.value for child in children_of(value) if child.name == "values")
    value[0] = 7
    rows = group.children()
    assert (rows[0].name, rows[0].value) == ("[0]", "7")
    assert (len(rows), rows[-1].value) == (101, "200 more")


def test_a_node_shows_what_it_leads_to_and_what_it_saved():
    w, x = leaf(2), torch.ones(2)
    node: Any = (w * x).grad_fn
    assert line_of(node) == "MulBackward0 · 2 inputs"
    below = {child.name: child.value for child in children_of(node)}
    assert [line_of(child.value) or str(child.value) for child in below["next_functions"].children()] == [
        "AccumulateGrad · 0 inputs",
        "no gradient needed",
    ]
    saved = {child.name: child.value for child in below["saved"].children()}
    assert saved == (dict.fromkeys(("other", "self"), "not shown") if KEEPS_SAVED else {"other": "(2,) float32"})


def test_modules_and_optimizers_say_what_they_hold():
    model = nn.Sequential(nn.Linear(10, 4), nn.ReLU(), nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    assert line_of(model) == "Sequential · 3 modules · 49 parameters, 196 B · grad in 0 of 4 tensors · training"
    assert line_of(model[0].eval()) == (
        "Linear(in_features=10, out_features=4, bias=True) · 44 parameters, 176 B · grad in 0 of 2 tensors · eval"
    )
    assert line_of(optimizer) == "AdamW · lr 0.001 · 4 parameters in 1 group · no state yet"
    model(torch.ones(10)).sum().backward()
    optimizer.step()
    assert line_of(optimizer) == "AdamW · lr 0.001 · 4 parameters in 1 group · state for 4"
    (modules,) = [child.value for child in children_of(model) if child.name == "modules"]
    assert [(child.name, child.path) for child in modules.children()] == [("0", "[0]"), ("1", "[1]"), ("2", "[2]")]
    parameters = next(child.value for child in children_of(model[0]) if child.name == "parameters")
    assert {child.name: child.path for child in parameters.children()} == {"weight": ".weight", "bias": ".bias"}


def test_a_module_of_the_users_is_not_asked_to_describe_itself():
    class Net(nn.Module):
        def extra_repr(self) -> str:
            raise AssertionError("run")

        __repr__ = extra_repr

    assert line_of(Net()) == "Net · training"


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Batch:
    x: Any
    n: int = 3


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ([torch.ones(3), 1, "a"], "[Tensor (3,) float32, 1, 'a']"),
        ((torch.ones(3),), "(Tensor (3,) float32)"),
        ({"x": torch.ones(3), 2: [torch.ones(1)]}, '{"x": Tensor (3,) float32, 2: [Tensor (1,) float32]}'),
        (OrderedDict(x=torch.ones(3)), 'OrderedDict({"x": Tensor (3,) float32})'),
        (UserDict(x=torch.ones(3)), 'UserDict({"x": Tensor (3,) float32})'),
        (Pair(torch.ones(3), 1), "Pair(a=Tensor (3,) float32, b=1)"),
        (Batch(torch.ones(3)), "Batch(x=Tensor (3,) float32, n=3)"),
        (torch.ones(2, 3).max(dim=0), "max(values=Tensor (3,) float32, indices=Tensor (3,) int64)"),
        ([torch.ones(1)] * 9, "[" + "Tensor (1,) float32, " * 8 + "… 9 in all]"),
        ([1, 2, 3], None),
        ({}, None),
        (Pair(1, 2), None),
        ("text", None),
        (3, None),
        (torch, None),
    ],
    ids=str,
)
def test_containers_of_tensors_are_outlined_and_others_left_alone(value: object, line: str | None):
    assert line_of(value) == line


def opened(children: list[Child]) -> dict[str, Any]:
    return {
        child.name: opened(child.value.children()) if isinstance(child.value, Group) else child.value
        for child in children
    }


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (torch.ones(2, device="meta"), "not read: a meta tensor has none"),
        (torch.ones(2, 2).to_sparse(), "not read: they are stored as sparse_coo"),
    ],
    ids=["meta", "sparse"],
)
def test_why_values_are_not_read_is_said(value: torch.Tensor, why: str):
    assert opened(children_of(value))["values"] == why
