"""What is told of modules' calls, on real modules."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import pytest
import torch
from torch import nn

from tapelens.events import ForwardRan, ForwardsWatched, ModeSet
from tapelens.probe.timeline import Timeline
from tapelens.probe.weaving import module_calls


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.rest = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
        self.never = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x = self.first(x)
        return self.rest(x) + self.first(x)


def test_an_outermost_call_tells_of_all_modules_in_it_with_mode_grad_mode_and_holders(seen):
    net = Net()
    optimizer = torch.optim.SGD(net.first.parameters(), lr=0.1)
    net(torch.ones(2, 3))
    (ran,) = seen.of(ForwardRan)
    assert (ran.training, ran.with_grad, ran.site.path) == (True, True, __file__)
    assert [(each.kind, each.with_grad, each.depends_on_mode, len(each.held_by)) for each in ran.ran] == [
        ("Net", True, False, 0),
        ("Linear", True, False, 1),
        ("Sequential", True, False, 0),
        ("Dropout", True, True, 0),
        ("BatchNorm1d", True, True, 0),
    ]
    assert optimizer is not None


def test_a_held_child_that_did_not_run_is_idle_and_one_that_is_not_held_is_not(seen):
    net = Net()
    loss = net(torch.ones(2, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(torch.ones(2, 3))
    without, within = seen.of(ForwardRan)
    assert without.idle == ()
    (idle,) = within.idle
    assert (idle.name, idle.kind, idle.parent, idle.is_named, len(idle.parameters)) == (
        *("never", "Linear", "Net"),
        *(False, 2),
    )
    assert idle.made is not None
    assert idle.made.function == "Net.__init__"
    assert (loss, optimizer) is not None


def test_of_a_copied_model_the_line_is_that_of_the_original(seen):
    net = copy.deepcopy(Net())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(torch.ones(2, 3))
    ((idle,),) = (ran.idle for ran in seen.of(ForwardRan))
    assert idle.made is not None
    assert idle.made.function == "Net.__init__"
    assert optimizer is not None


def test_an_output_that_died_before_any_backward_is_unused(seen):
    net = nn.Linear(3, 1).eval()
    for _ in range(3):
        net(torch.ones(2, 3))
    calls = seen.of(ForwardRan)
    assert [call.builds for call in calls] == [True, True, True]
    assert [call.unused for call in calls] == [(), (1,), (2,)]


def test_an_output_that_lives_until_a_backward_begins_is_not(seen):
    net = nn.Linear(3, 1).eval()
    kept = net(torch.ones(2, 3))
    torch.autograd.grad(net(torch.ones(2, 3)).sum(), net.weight)
    del kept
    net(torch.ones(2, 3))
    assert [call.unused for call in seen.of(ForwardRan)] == [(), (), ()]


def test_what_an_evaluation_keeps_is_told_in_bytes_while_the_event_is_seen(seen):
    sizes: list[int | None] = []
    append = seen.events.append

    def ask(event: object) -> None:
        append(event)
        if isinstance(event, ForwardRan):
            sizes.append(event.look.kept_bytes())

    (forwards,) = (tap for tap in seen.taps._taps if type(tap).__name__ == "ForwardTap")
    forwards._emit = ask
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh()).eval()
    net(torch.ones(2, 3))
    assert sizes == [4 * (2 * 3 + 2 * 4)]  # the input of the layer and what tanh gave, in float32


def test_watching_ends_some_steps_after_anything_new_and_comes_back(seen):
    net = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    own = nn.Module._wrapped_call_impl.__code__
    told: list[int] = []
    for _ in range(101):
        before = len(seen.of(ForwardRan))
        net(torch.ones(2, 3)).sum().backward()
        optimizer.step()
        told.append(len(seen.of(ForwardRan)) - before)
    assert told[:5] == [1] * 5
    assert 6 <= sum(told) <= 10
    assert told[50] == told[100] == 1
    assert [event.on for event in seen.of(ForwardsWatched)] == [True, False, True, False, True, False]
    seen.taps.remove()
    assert nn.Module._wrapped_call_impl.__code__ is not own


def test_a_change_to_evaluation_wakes_it_and_is_told_once_for_a_tree(seen):
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(9):
        net(torch.ones(2, 3)).sum().backward()
        optimizer.step()
    count = len(seen.of(ForwardRan))
    net.eval()
    net.train()
    net(torch.ones(2, 3))
    assert len(seen.of(ForwardRan)) == count + 1
    (mode,) = seen.of(ModeSet)
    assert mode.module == seen.of(ForwardRan)[-1].module


def test_a_loop_of_many_small_calls_is_given_up(seen):
    cell = nn.Linear(2, 2)
    for _ in range(200):
        cell(torch.ones(1, 2))
    assert len(seen.of(ForwardRan)) == 64
    assert [event.on for event in seen.of(ForwardsWatched)] == [True, False]


def test_a_call_that_raises_ends_the_outermost_call_all_the_same(seen):
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(4, 4))
    with pytest.raises(RuntimeError, match="shapes"):
        net(torch.ones(1, 3))
    nn.Linear(2, 2)(torch.ones(1, 2))
    assert [[each.kind for each in call.ran] for call in seen.of(ForwardRan)] == [
        ["Sequential", "Linear", "Linear"],
        ["Linear"],
    ]


def test_each_thread_has_calls_of_its_own(seen):
    barrier = threading.Barrier(2)

    class Waits(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            barrier.wait()
            barrier.wait()
            return x

    threads = [threading.Thread(target=nn.Sequential(Waits()), args=(torch.ones(1),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[each.kind for each in call.ran] for call in seen.of(ForwardRan)] == [["Sequential", "Waits"]] * 2


def test_neither_modules_nor_outputs_are_kept(seen):
    net = Net()
    output = net.eval()(torch.ones(2, 3))
    gone = [weakref.ref(net), weakref.ref(net.first)]
    seen.events.clear()
    del net, output
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_pickles_copies_and_state_dicts_are_as_without_us(seen):
    net = Net()
    state = {name: value.tolist() for name, value in net.state_dict().items()}
    before = pickle.dumps(net)
    net.eval()
    net(torch.ones(2, 3))
    net.train()
    assert pickle.dumps(net) == before
    assert {name: value.tolist() for name, value in copy.deepcopy(net).state_dict().items()} == state
    assert sorted(net.__dict__) == sorted(nn.Sequential().__dict__)
    assert seen.of(ForwardRan)


def test_the_timeline_and_the_tap_share_the_calls():
    calls = module_calls()
    own = nn.Module._wrapped_call_impl.__code__
    faults: list[object] = []
    timeline = Timeline("auto", lambda *fault: faults.append(fault), calls=calls)
    told: list[str] = []

    def enter(module: nn.Module):
        told.append(type(module).__name__)
        return lambda _output: None

    timeline.install()
    calls.listen(enter)
    output = nn.Sequential(nn.Linear(3, 3))(torch.ones(1, 3))
    (origin,) = timeline.origins([output.grad_fn._sequence_nr()])
    timeline.remove()
    nn.Linear(1, 1)(torch.ones(1, 1))
    calls.leave_off(enter)
    assert (told, origin.module, faults) == (["Sequential", "Linear", "Linear"], "0", [])
    assert nn.Module._wrapped_call_impl.__code__ is own


@pytest.mark.filterwarnings("ignore:Guards may run slower on Python 3.13.0")
def test_torch_compile_sees_the_same_graphs_while_watching_comes_and_goes(seen):
    import torch._dynamo as dynamo

    def train() -> tuple[dict[str, int], list[float]]:
        dynamo.reset()
        dynamo.utils.counters.clear()
        torch.manual_seed(0)
        net = Net()
        net.compile(backend="eager")
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        losses: list[float] = []
        for step in range(8):
            if step == 4:
                net.eval()
            loss = net(torch.ones(2, 3)).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return dict(dynamo.utils.counters["stats"]), losses

    within = train()
    seen.taps.remove()
    assert within == train()
