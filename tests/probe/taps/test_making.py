"""What is known of modules, parameters and optimizers as they come into being."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import nn

from tapelens.events import BackwardBegan, ModeSet, OptimizerMade, Outsider, StepBegan


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 3)
        self.head = nn.Linear(3, 1)
        self.extra: object = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.body(x)
        for module in self.extra if isinstance(self.extra, list) else ():
            x = module(x)
        return self.head(x)


def not_held(net: nn.Module, optimizer: torch.optim.Optimizer) -> list[int]:
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    extra = [each for module in getattr(net, "extra", None) or [] for each in module.parameters()]
    return [id(each) for each in [*net.parameters(), *extra] if id(each) not in held]


def outsiders(seen, net: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, tuple[str, int]]:
    """How the parameters of a net that are not held are outside, as a rule would be told, and how many so."""
    wanted = not_held(net, optimizer)
    answers: list[tuple[Outsider, ...]] = []
    (engine,) = (tap for tap in seen.taps._taps if type(tap).__name__ == "EngineTap")
    emit = engine._emit

    def ask(event: object) -> None:
        emit(event)
        if isinstance(event, BackwardBegan):
            answers.append(event.look.outsiders(wanted))

    net(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    engine._emit = ask
    net(torch.ones(2, 3)).sum().backward()
    engine._emit = emit
    return {found.how: (found.name, len(found.parameters)) for found in answers[-1]}


def test_an_optimizer_is_told_of_with_its_line_and_the_serial_that_its_steps_have(seen):
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    net(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    (made,) = seen.of(OptimizerMade)
    assert (made.kind, made.site.path, made.parameters) == ("AdamW", __file__, tuple(map(id, net.parameters())))
    assert made.optimizer == seen.of(StepBegan)[0].optimizer


def test_an_optimizer_of_the_users_own_is_made_where_they_make_it(seen):
    class Own(torch.optim.Optimizer):
        def __init__(self, parameters) -> None:
            super().__init__(parameters, {"lr": 0.1})

        def step(self, closure=None) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]
            del closure
            return 0.0

    Own([torch.ones(1, requires_grad=True)])  # made here
    (made,) = seen.of(OptimizerMade)
    assert made.site.function == "test_an_optimizer_of_the_users_own_is_made_where_they_make_it"


def test_a_constructor_that_raises_made_nothing(seen):
    with pytest.raises(ValueError, match="empty parameter list"):
        torch.optim.SGD([], lr=0.1)
    assert seen.of(OptimizerMade) == []


def test_optimizers_and_modules_are_not_kept(seen):
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    gone = [weakref.ref(net), weakref.ref(optimizer), weakref.ref(net.head)]
    seen.events.clear()
    del net, optimizer
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]


def test_a_new_head_is_replaced_and_a_new_layer_came_later(seen):
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.head = nn.Linear(3, 1)
    assert outsiders(seen, net, optimizer) == {"replaced": ("net.head.weight", 2)}
    other = Net()
    again = torch.optim.SGD(other.parameters(), lr=0.1)
    other.body.register_parameter("scale", nn.Parameter(torch.ones(1)))
    assert outsiders(seen, other, again) == {"later": ("net.body.scale", 1)}


def test_layers_in_a_list_are_unregistered(seen):
    net = Net()
    net.extra = [nn.Linear(3, 3), nn.Linear(3, 3)]
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    assert outsiders(seen, net, optimizer) == {"unregistered": ("net.extra[0].weight", 4)}


def test_what_was_there_and_left_out_is_none(seen):
    net = Net()
    optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1)
    assert outsiders(seen, net, optimizer) == {}


def test_a_wrapper_that_came_later_changes_nothing(seen):
    net = Net()
    optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1)
    assert outsiders(seen, nn.Sequential(net), optimizer) == {}


@pytest.mark.parametrize("spoil", ["freeze", "load", "evaluate", "nothing"])
def test_a_model_of_its_own_is_apart_unless_somebody_froze_loaded_or_evaluated_it(seen, spoil):
    net, other = Net(), nn.Linear(3, 3)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    other(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    match spoil:
        case "freeze":
            net.body.bias.requires_grad_(False)
        case "load":
            net.load_state_dict(net.state_dict())
        case "evaluate":
            net.eval().train()
        case _:
            pass
    assert outsiders(seen, net, optimizer) == ({"apart": ("net.body.weight", 4)} if spoil == "nothing" else {})


def test_an_eval_through_a_method_of_the_users_is_where_they_call_it(seen):
    class Own(Net):
        def train(self, mode: bool = True):  # noqa: FBT001, FBT002 (as torch has it)
            return super().train(mode)

    Own().train(False)  # put here
    nn.Sequential(Own()).eval()
    assert [mode.site.function for mode in seen.of(ModeSet)] == [
        "test_an_eval_through_a_method_of_the_users_is_where_they_call_it"
    ] * 2


def test_taking_the_taps_out_leaves_nothing_behind(seen):
    seen.taps.remove()
    module = nn.modules.module
    functions = (
        *(nn.Module._wrapped_call_impl, nn.Module.train, nn.Module.load_state_dict),
        *(torch.optim.Optimizer.__init__, torch.utils.hooks.RemovableHandle.__init__),
    )
    own = [function.__code__ for function in functions]
    hooks = module._global_parameter_registration_hooks, module._global_module_registration_hooks
    before = [list(table) for table in hooks]
    seen.taps.install()
    assert [function.__code__ is code for function, code in zip(functions, own, strict=True)] == [False] * 5
    assert [list(table) for table in hooks] != before
    seen.taps.remove()
    assert [function.__code__ is code for function, code in zip(functions, own, strict=True)] == [True] * 5
    assert [list(table) for table in hooks] == before
