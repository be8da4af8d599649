"""Which module's call made a node, on every Python; which line called it, where lines are not watched."""

from __future__ import annotations

import copy
import gc
import sys
import threading
import traceback
import weakref
from collections.abc import Generator
from concurrent.futures.thread import _WorkItem as ThreadPool
from types import FrameType

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from tapelens.probe.timeline import UNKNOWN, Origin, Timeline, track

WATCHES_LINES = sys.version_info >= (3, 12)


def fail(where: str, what: str) -> None:
    raise AssertionError(f"{where}: {what}")


@pytest.fixture
def timeline() -> Generator[Timeline]:
    faults: list[object] = []
    made = Timeline("auto", lambda *fault: faults.append(fault))
    made.install()
    yield made
    made.remove()
    assert faults == []


def origin(timeline: Timeline, tensor: torch.Tensor) -> Origin:
    """Of the node that made the tensor."""
    assert tensor.grad_fn is not None
    (found,) = timeline.origins([tensor.grad_fn._sequence_nr()])
    return found


def origins(timeline: Timeline, tensor: torch.Tensor) -> dict[str, set[str]]:
    """Modules by the name of the nodes that they made."""
    nodes = {tensor.grad_fn}
    wave = [tensor.grad_fn]
    while wave:
        node = wave.pop()
        assert node is not None
        for target, _ in node.next_functions:
            if target is not None and target not in nodes:
                nodes.add(target)
                wave.append(target)
    found: dict[str, set[str]] = {}
    for node in nodes:
        assert node is not None
        if node._sequence_nr() < 1 << 62:
            (origin,) = timeline.origins([node._sequence_nr()])
            found.setdefault(type(node).__name__, set()).add(origin.module)
    return found


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(Scale(), nn.Tanh()), Scale()])
        self.by_name = nn.ModuleDict({"a": Scale()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.by_name["a"](x).exp()


def test_a_path_is_that_of_the_tables_from_the_outermost_module_on(timeline: Timeline):
    made = origins(timeline, Net()(torch.ones(3)))
    assert made == {
        "MulBackward0": {"layers.0.0", "layers.1", "by_name.a"},
        "TanhBackward0": {"layers.0.1"},
        "ExpBackward0": {"Net"},
    }


def test_what_no_module_made_has_no_module_but_its_thread(timeline: Timeline):
    x = Net()(torch.ones(3)).sin()
    found = origin(timeline, x)
    assert found.module == ""
    assert found.thread > 0


def test_a_module_that_is_called_itself_is_named_by_its_class(timeline: Timeline):
    net = Net()
    assert origins(timeline, net.layers[0](torch.ones(3))) == {"MulBackward0": {"0"}, "TanhBackward0": {"1"}}
    assert origin(timeline, net.layers[1](torch.ones(3))).module == "Scale"


def test_a_shared_module_is_named_by_the_way_that_it_was_called(timeline: Timeline):
    class Calls(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)

    shared = Scale()
    net = nn.ModuleDict({"left": Calls(shared), "right": Calls(shared)})

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.net["left"](x), self.net["right"](x)

    both = Both()
    for _ in range(2):
        left, right = both(torch.ones(3))
        assert (origin(timeline, left).module, origin(timeline, right).module) == ("net.left.inner", "net.right.inner")


def test_a_module_in_nobodys_table_is_named_by_its_class_below_its_caller(timeline: Timeline):
    class Makes(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.Softplus()(x)

    net = nn.Sequential(Makes())
    assert origin(timeline, net(torch.ones(3, requires_grad=True))).module == "0.Softplus"


def test_a_module_of_an_outer_one_called_by_an_inner_one_has_the_outer_ones_path(timeline: Timeline):
    class Borrows(nn.Module):
        def forward(self, x: torch.Tensor, lent: nn.Module) -> torch.Tensor:
            return lent(x)

    class Lends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = Scale()
            self.borrows = Borrows()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.borrows(x, self.own)

    assert origin(timeline, Lends()(torch.ones(3))).module == "own"


def test_a_module_that_calls_itself_keeps_its_path(timeline: Timeline):
    class Deep(nn.Module):
        def forward(self, x: torch.Tensor, depth: int) -> torch.Tensor:
            return self(x.sin(), depth - 1) if depth else x

    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.deep = Deep()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.deep(x, 3)

    assert origins(timeline, Holds()(torch.ones(3, requires_grad=True))) == {"SinBackward0": {"deep"}}


def test_wrappers_add_nothing_to_a_path(timeline: Timeline):
    net = nn.DataParallel(Net())
    made = origins(timeline, net(torch.ones(3)))
    assert made["MulBackward0"] == {"layers.0.0", "layers.1", "by_name.a"}
    assert made["ExpBackward0"] == {"Net"}


def test_a_table_that_was_changed_names_anew(timeline: Timeline):
    net = nn.Sequential(Scale(), nn.Identity())
    assert origin(timeline, net(torch.ones(3))).module == "0"
    net[1] = net[0]
    net[0] = nn.Identity()
    assert origin(timeline, net(torch.ones(3))).module == "1"


def test_modules_that_come_and_go_never_get_each_others_names(timeline: Timeline):
    for number in range(300):
        names = [f"n{number}", "other"]
        names.reverse() if number % 2 else None
        net = nn.Sequential()
        for name in names:
            net.add_module(name, Scale() if name != "other" else nn.Identity())
        assert origin(timeline, net(torch.ones(3))).module == f"n{number}"
        del net


def test_nothing_keeps_a_module_alive(timeline: Timeline):
    net = Net()
    net(torch.ones(3)).sum().backward()
    alive = [weakref.ref(each) for each in net.modules()]
    del net
    gc.collect()
    assert [reference() for reference in alive] == [None] * len(alive)
    timeline.note()


def test_a_call_that_raises_is_over(timeline: Timeline):
    class Raises(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise KeyError(x)

    with pytest.raises(KeyError):
        nn.Sequential(Scale(), Raises())(torch.ones(3))
    assert origin(timeline, torch.ones(3, requires_grad=True).sin()).module == ""


def test_what_a_checkpoint_makes_again_has_its_modules_path(timeline: Timeline):
    kept: list[torch.Tensor] = []

    class Keeps(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            kept.append(x.sin())
            return kept[-1].exp()

    net = nn.Sequential(Keeps())
    x = torch.ones(3, requires_grad=True)
    for reentrant in (False, True):
        kept.clear()
        result = checkpoint(net, x, use_reentrant=reentrant)
        assert isinstance(result, torch.Tensor)
        result.sum().backward()
        assert [origin(timeline, each).module for each in kept if each.grad_fn is not None] == ["0"] * (2 - reentrant)


@pytest.mark.skipif(WATCHES_LINES, reason="each line is known here")
def test_without_lines_a_node_is_told_of_the_line_that_called_its_module(timeline: Timeline):
    class Calls(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(Scale())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.inner(x)  # inner
            return y.exp()

    out = Calls()(torch.ones(3))  # outer
    outside = out.sin()
    assert out.grad_fn is not None
    inner = out.grad_fn.next_functions[0][0]
    assert inner is not None
    (found,) = timeline.origins([inner._sequence_nr()])
    lines = {mark: number for number, mark in marks(__file__).items()}
    assert found.site is not None
    assert (found.site.line, found.site.path, found.module) == (lines["inner"], __file__, "inner.0")
    called = origin(timeline, out).site
    assert called is not None
    assert called.line == lines["outer"]
    assert origin(timeline, outside).site is None
    assert timeline.state == "module_calls"


def marks(path: str) -> dict[int, str]:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 (a str)
        return {n: line.split("  # ")[1].strip() for n, line in enumerate(file, 1) if line.count("  # ") == 1}


# A guest ----------------------------------------------------------------------------------------------------------


def trace_of(net: nn.Module) -> str:
    try:
        net(torch.ones(2, 4))
    except RuntimeError:
        return traceback.format_exc()
    raise AssertionError("it did not raise")


def test_tracebacks_read_as_without_and_the_function_is_its_own_again():
    net = nn.Sequential(nn.Linear(3, 3))
    function, code = nn.Module.__call__, nn.Module.__call__.__code__
    names = set(vars(sys.modules["torch.nn.modules.module"]))
    timeline = Timeline("auto", fail)
    told: list[str] = []
    for installs in (False, True):
        if installs:
            timeline.install()
        told.append(trace_of(net))
    assert told[1] == told[0]
    assert nn.Module.__call__ is function
    assert nn.Module.__call__ is nn.Module._wrapped_call_impl
    assert set(vars(sys.modules["torch.nn.modules.module"])) == names
    timeline.remove()
    assert nn.Module.__call__.__code__ is code
    timeline.remove()  # again is nothing


def test_a_replaced_call_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    timeline = Timeline("auto", fail)
    timeline.install()
    called: list[str] = []
    original = nn.Module.__call__

    def theirs(self: nn.Module, *args: object, **kwargs: object) -> object:
        called.append(type(self).__name__)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(nn.Module, "__call__", theirs)
    out = nn.Sequential(Scale())(torch.ones(3))
    assert called == ["Sequential", "Scale"]
    assert origin(timeline, out).module == "0"
    timeline.remove()
    assert nn.Module.__call__ is theirs


def test_removed_while_a_module_runs_the_call_ends_well():
    timeline = Timeline("auto", fail)

    class Removes(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            timeline.remove()
            return x.sin()

    timeline.install()
    nn.Sequential(Removes())(torch.ones(3, requires_grad=True))
    assert timeline.state == "off"
    timeline.install()
    assert origin(timeline, nn.Sequential(Scale())(torch.ones(3))).module == "0"
    timeline.remove()


def test_switched_off_nothing_is_put_in():
    code = nn.Module.__call__.__code__
    timeline = Timeline("off", fail)
    timeline.install()
    assert nn.Module.__call__.__code__ is code
    if WATCHES_LINES:
        assert sys.monitoring.get_tool(3) is None  # pyright: ignore[reportAttributeAccessIssue]
    out = Scale()(torch.ones(3))
    assert (timeline.state, origin(timeline, out)) == ("off", UNKNOWN)
    timeline.remove()


def test_without_the_clock_or_the_functions_source_it_is_said(monkeypatch: pytest.MonkeyPatch):
    def no_source(_function: object) -> str:
        raise OSError

    monkeypatch.setattr("inspect.getsource", no_source)
    timeline = Timeline("auto", fail)
    timeline.install()
    timeline.remove()
    assert timeline.missing == ["torch's Module.__call__: nodes have no module"]
    monkeypatch.delattr("torch._C._autograd._get_sequence_nr")
    timeline = Timeline("auto", fail)
    timeline.install()
    assert timeline.missing == ["autograd's sequence clock: nodes have neither line nor module"]


def test_a_copy_of_a_model_is_a_model(timeline: Timeline):
    out = copy.deepcopy(Net())(torch.ones(3))
    assert "layers.1" in origins(timeline, out)["MulBackward0"]


def test_old_nodes_become_unknown_and_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(track, "KEPT", 50)
    timeline = Timeline("auto", fail)
    timeline.install()
    net = nn.Sequential(Scale(), nn.Tanh())
    outs = [net(torch.ones(3)) for _ in range(200)]
    assert origin(timeline, outs[0]) == UNKNOWN
    assert origin(timeline, outs[-1]).module == "1"
    assert timeline._tracks is not None
    assert all(len(each.ends) <= 100 for each in timeline._tracks._all)
    timeline.remove()


def test_a_clock_that_was_set_back_leaves_nothing_told(timeline: Timeline):
    x = torch.ones(3, requires_grad=True)
    out = nn.Sequential(Scale())(x)
    assert out.grad_fn is not None
    now = out.grad_fn._sequence_nr() + 1
    assert timeline._tracks is not None
    own = timeline._tracks.local.track
    own.credit(now - 1)
    assert origin(timeline, out).site is None
    assert origin(timeline, out).module == ""


@pytest.mark.skipif(WATCHES_LINES, reason="nothing is traced here")
def test_the_trace_function_that_was_there_hears_all_and_is_there_again():
    heard: list[tuple[str, int]] = []

    def theirs(frame: FrameType, event: str, _argument: object) -> object:
        if frame.f_code.co_filename == __file__:
            heard.append((event, frame.f_lineno - frame.f_code.co_firstlineno))
        return theirs

    def traced() -> torch.Tensor:
        x = torch.ones(3, requires_grad=True)
        return x.sin()

    before, hook = sys.gettrace(), vars(threading)["_trace_hook"]
    told: list[list[tuple[str, int]]] = []
    try:
        for lines in ("off", "every_line"):
            heard.clear()
            sys.settrace(theirs)  # pyright: ignore[reportArgumentType]
            timeline = Timeline(lines, fail)
            timeline.install()
            heard.clear()
            out = traced()
            told.append(list(heard))
            if lines == "every_line":
                site = origin(timeline, out).site
                assert site is not None
                assert site.line == traced.__code__.co_firstlineno + 2
            timeline.remove()
            assert sys.gettrace() is theirs
    finally:
        sys.settrace(before)
    assert [each for each in told[1] if each[1] < 3] == [each for each in told[0] if each[1] < 3]
    assert told[0]
    assert vars(threading)["_trace_hook"] is hook


def test_the_standard_librarys_functions_are_their_own_again():
    kept = [(threading.Thread, "_delete"), (threading.Thread, "_bootstrap_inner"), (ThreadPool, "run")]
    before = [vars(owner)[name] for owner, name in kept]
    timeline = Timeline("auto", fail)
    timeline.install()
    assert [vars(owner)[name] for owner, name in kept] != before
    timeline.remove()
    assert [vars(owner)[name] for owner, name in kept] == before


def test_a_number_that_a_thread_outside_any_module_may_have_used_is_nobodys(timeline: Timeline):
    net = nn.Sequential(Scale())
    out = net(torch.ones(3))
    assert origin(timeline, out).module == "0"
    assert out.grad_fn is not None
    last = out.grad_fn._sequence_nr()

    def count_past() -> None:
        x = torch.ones(3, requires_grad=True)
        for _ in range(last + 2):
            x.sin()

    thread = threading.Thread(target=count_past)
    thread.start()
    thread.join()
    assert origin(timeline, out) == UNKNOWN
