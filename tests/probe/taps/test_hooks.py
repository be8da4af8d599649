"""What is told of hooks that are put where the same are."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from tapelens.events import HookRegistered


def note(*_given: object) -> None:
    return None


def iterate() -> None:
    torch.ones(1, requires_grad=True).sum().backward()


REGISTRARS = {
    "tensor": lambda: torch.ones(1, requires_grad=True).register_hook,
    "post_accumulate": lambda: torch.ones(1, requires_grad=True).register_post_accumulate_grad_hook,
    "forward": lambda: nn.Linear(1, 1).register_forward_hook,
    "forward_pre": lambda: nn.Linear(1, 1).register_forward_pre_hook,
    "backward": lambda: nn.Linear(1, 1).register_full_backward_hook,
    "step": lambda: torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1).register_step_pre_hook,
    "global": lambda: nn.modules.module.register_module_forward_hook,
}


@pytest.mark.parametrize("name", REGISTRARS)
def test_the_fourth_of_its_kind_in_one_place_is_told(seen, name):
    register = REGISTRARS[name]()
    handles = []
    for _ in range(4):
        handles.append(register(note))
        iterate()
    for handle in handles:
        handle.remove()
    (told,) = seen.of(HookRegistered)
    assert (told.name, told.handle, told.site.path) == ("note", handles[-1].id, __file__)
    assert [number for number, _ in told.alike] == [handle.id for handle in handles]
    assert len({turn for _, turn in told.alike}) == 4
    assert told.target == {
        "tensor": "tensor",
        "post_accumulate": "tensor",
        "step": "optimizer",
        "global": "everything",
    }.get(name, "module")


def test_what_was_removed_in_any_way_is_not_alike(seen):
    layer = nn.Linear(1, 1)
    for _ in range(4):
        layer.register_forward_hook(note).remove()
        layer.register_forward_hook(note)
        layer._forward_hooks.clear()
    assert seen.of(HookRegistered) == []


def test_hooks_of_one_go_share_a_turn(seen):
    tensor = torch.ones(1, requires_grad=True)
    for _ in range(6):
        tensor.register_hook(functools.partial(note, 1))
    assert [len({turn for _, turn in told.alike}) for told in seen.of(HookRegistered)] == [1, 1, 1]


def test_other_code_is_not_alike(seen):
    tensor = torch.ones(1, requires_grad=True)
    tensor.register_hook(lambda gradient: gradient)
    tensor.register_hook(lambda gradient: gradient * 2)
    tensor.register_hook(note)
    tensor.register_hook(note)
    assert seen.of(HookRegistered) == []
