"""Leaks are named, and dropping the name frees the graph; of a sound program nothing is said."""

from __future__ import annotations

import sys
import textwrap
import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
import torch

from probe.capture.stops import run
from tapelens.probe.capture import scopes
from tapelens.probe.capture.frame import capture_frame
from tapelens.probe.sites import site_of, user_frames
from tapelens.probe.taps import Taps
from tapelens.wire.memory import Keeper

STEPS = 6
OLD = STEPS - 2
"""Of what is made after each step, the last two are not old yet: the next iteration may overwrite them."""

FLOAT = 4

SHOWS_SAVED_TENSORS = hasattr(torch._C._autograd.SavedTensor, "data")  # pyright: ignore[reportAttributeAccessIssue]


def floats(count: int) -> int:
    """Bytes, as far as this torch shows them."""
    return count * FLOAT if SHOWS_SAVED_TENSORS else 0


class Sentinel:
    """Lives in a node's metadata as long as the node."""


@pytest.fixture(autouse=True)
def only_the_program_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames that run it hold its variables too."""

    def of_programs(frame: FrameType | None) -> Iterator[FrameType]:
        return (each for each in user_frames(frame) if each.f_code.co_filename.startswith("/programs/"))

    monkeypatch.setattr(scopes, "user_frames", of_programs)


@pytest.fixture
def taps() -> Iterator[Taps]:
    faults: list[str] = []
    taps = Taps(lambda _: None, report_fault=lambda where, message: faults.append(f"{where}: {message}"))
    torch.manual_seed(0)
    taps.install()
    yield taps
    taps.remove()
    assert faults == []


def keepers(taps: Taps, source: str, *, drop: str = "", **given: object) -> list[Keeper]:
    """What the stop ``here`` of a program says; dropping the first one's name must free its graph.

    Args:
        source: Runs as a module, after a model, an optimizer and data were made.
        drop: The statement that drops the name; runs after the stop.
    """
    found: list[tuple[Keeper, ...]] = []
    alive: list[weakref.ref[Sentinel]] = []

    def on_stop(name: str, frame: FrameType) -> None:
        if name == "after":
            assert [each() for each in alive] == [None] * len(alive), "the graph is still alive"
            return
        found.append(keepers_at(frame, taps))
        if drop:
            (keeper,) = found[-1]
            where = dict(frame.f_globals) | dict(frame.f_locals)
            node: Any = eval(keeper.first, where).grad_fn
            node.metadata["sentinel"] = sentinel = Sentinel()
            alive.append(weakref.ref(sentinel))

    text = textwrap.dedent(HEAD) + with_drop(textwrap.dedent(source), drop)
    ended = run(text, on_stop, **given)
    if ended.error is not None:
        raise ended.error
    (said,) = found
    return list(said)


def keepers_at(frame: FrameType, taps: Taps) -> tuple[Keeper, ...]:
    """What a stop in this frame says."""
    steps = taps.clock.boundaries()
    snapshot = capture_frame(
        frame, stop=1, thread=1, depth=0, site=site_of(frame), freed_by=lambda _: None, steps=steps
    )
    return snapshot.memory.keepers


def with_drop(source: str, drop: str) -> str:
    """The statement in the place of ``# drop``, and a stop after it."""
    lines: list[str] = []
    for line in source.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        if line.strip().startswith("if ") and line.endswith("# stop: here"):  # a line of its own
            condition, _, stop = line.partition(": ")
            lines += [f"{condition}:", f"{indent}    {stop}"]
        elif line.strip() == "# drop":
            lines += [indent + drop.strip(), f"{indent}probed = 2  # stop: after"]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


HEAD = """
    import torch
    from torch import nn
    model = nn.Sequential(nn.Linear(10, 20), nn.Tanh(), nn.Linear(20, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    w = nn.Parameter(torch.ones(100))
    x = torch.randn(8, 10)
    def step():
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        optimizer.step()
        return loss
"""


def said(keeper: Keeper) -> tuple[str, str, str, int]:
    return keeper.path, keeper.kind, keeper.function, keeper.tensors


def as_named(function: str) -> str:
    """Python 3.10's code does not know the class around it."""
    return function if sys.version_info >= (3, 11) else function.rpartition(".")[2]


def test_a_list_of_losses_is_said_once_with_the_sum(taps: Taps):
    (keeper,) = keepers(
        taps,
        f"""
        losses = []
        for _ in range({STEPS}):
            losses.append(step())
        print  # stop: here
        """,
    )
    old = STEPS - 1  # the last step made the last one
    assert said(keeper) == ("losses", "container", "<module>", old)
    assert (keeper.first, keeper.last) == ("losses[0]", f"losses[{old - 1}]")
    assert keeper.steps == old
    assert keeper.nodes == old * 7  # mean, pow, addmm twice, tanh and a transpose each
    assert keeper.size_bytes == 0  # backward freed the buffers


def test_what_no_backward_freed_is_counted_in_bytes(taps: Taps):
    source = f"""
        logs = []
        for _ in range({STEPS}):
            step()
            logs.append(w.exp().sum())
        probed = 1  # stop: here
        # drop
    """
    (keeper,) = keepers(taps, source, drop="del logs")
    assert said(keeper) == ("logs", "container", "<module>", OLD)
    assert keeper.size_bytes == floats(OLD * 100)  # exp saves its result


def test_a_running_sum_reaches_back_through_the_steps(taps: Taps):
    source = f"""
        total = 0.0
        for _ in range({STEPS}):
            step()
            total += w.exp().sum()
        probed = 1  # stop: here
        # drop
    """
    (keeper,) = keepers(taps, source, drop="del total")
    assert said(keeper) == ("total", "frame", "<module>", 1)
    assert keeper.steps == OLD
    assert keeper.size_bytes == floats(OLD * 100)


def test_a_running_sum_of_losses_is_named_beside_the_losses(taps: Taps):
    source = f"""
        total = 0.0
        for _ in range({STEPS}):
            loss = step()
            total += loss
        probed = 1  # stop: here
        # drop
    """
    (keeper,) = keepers(taps, source, drop="del total, loss")
    assert said(keeper) == ("total", "frame", "<module>", 1)
    assert keeper.size_bytes == 0


def test_a_hidden_state_that_is_never_detached_is_named_and_not_what_was_made_from_it(taps: Taps):
    source = f"""
        cell, h = nn.RNNCell(3, 5), torch.zeros(2, 5)
        for _ in range({STEPS}):
            h = cell(torch.randn(2, 3), h)
            out = h.tanh()
            loss = out.sum()
            optimizer.step()
        probed = 1  # stop: here
        # drop
    """
    (keeper,) = keepers(taps, source, drop="del h, out, loss")
    assert said(keeper) == ("h", "frame", "<module>", 1)
    assert keeper.steps == STEPS - 1


CONTAINERS = {
    "an attribute on self": (
        """
        class Trainer:
            def __init__(self): self.history = {"loss": []}
            def fit(self):
                for _ in range(STEPS):
                    step()
                    self.history["loss"].append(w.exp().sum())
                probed = 1  # stop: here
                # drop
        Trainer().fit()
        """,
        'self.history["loss"]',
        "container",
        "Trainer.fit",
        OLD,
        '                self.history["loss"].clear()',
    ),
    "a buffer that was assigned a non-leaf": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("mean", torch.zeros(100))
        net = Net()
        for _ in range(STEPS):
            step()
            net.mean = net.mean * 0.9 + w.exp()
        probed = 1  # stop: here
        # drop
        """,
        "net.mean",
        "module",
        "<module>",
        1,
        "net.mean = None",
    ),
    "a dict in a global": (
        """
        cache = {}
        def train():
            for index in range(STEPS):
                step()
                cache[index] = w.exp()
            probed = 1  # stop: here
            # drop
        train()
        """,
        "cache",
        "container",
        "__main__",
        OLD,
        "            cache.clear()",
    ),
    "an optimizer's state": (
        """
        averaging = torch.optim.SGD([w], lr=0.1)
        for _ in range(STEPS):
            step()
            averaging.state[w]["average"] = averaging.state[w].get("average", 0) * 0.9 + w.exp()
        probed = 1  # stop: here
        # drop
        """,
        'averaging.state[w]["average"]',
        "optimizer",
        "<module>",
        1,
        "averaging.state.clear()",
    ),
    "an exponential average": (
        """
        class Average:
            __slots__ = ("shadow",)
            def __init__(self): self.shadow = [p.detach().clone() for p in model.parameters()]
            def update(self):
                self.shadow = [0.9 * old + 0.1 * new for old, new in zip(self.shadow, model.parameters())]
        ema = Average()
        for _ in range(STEPS):
            step()
            ema.update()
        probed = 1  # stop: here
        # drop
        """,
        "ema.shadow",
        "container",
        "<module>",
        4,
        "ema.shadow = None",
    ),
    "a dataclass in a list": (
        """
        from dataclasses import dataclass
        @dataclass
        class Record:
            loss: torch.Tensor
        log = []
        for _ in range(STEPS):
            step()
            log.append(Record(w.exp()))
        probed = 1  # stop: here
        # drop
        """,
        "log",
        "object",
        "<module>",
        OLD,
        "log.clear()",
    ),
    "one output that was kept long ago": (
        """
        baseline = w.exp().sum()
        for _ in range(STEPS):
            step()
        probed = 1  # stop: here
        # drop
        """,
        "baseline",
        "frame",
        "<module>",
        1,
        "del baseline",
    ),
    "gradients with a graph": (
        """
        v = nn.Parameter(torch.ones(100))
        (v.grad,) = torch.autograd.grad(v.exp().sum(), v, create_graph=True)
        for _ in range(STEPS):
            step()
        probed = 1  # stop: here
        # drop
        """,
        "v.grad",
        "frame",
        "<module>",
        1,
        "v.grad = None",
    ),
}


@pytest.mark.parametrize("leak", CONTAINERS)
def test_the_name_is_found_and_dropping_it_frees_the_graph(taps: Taps, leak: str):
    source, path, kind, function, tensors, drop = CONTAINERS[leak]
    (keeper,) = keepers(taps, source, drop=drop, STEPS=STEPS)
    assert said(keeper) == (path, kind, as_named(function), tensors)
    assert keeper.nodes > 0


HIDDEN = {
    "a closure": (
        """
        def make():
            kept = []
            def remember(): kept.append(w.exp())
            return remember
        remember = make()
        for _ in range(STEPS):
            step()
            remember()
        probed = 1  # stop: here
        """,
        "kept",
        "closure",
        "make.<locals>.remember",
    ),
    "a generator": (
        """
        def outputs():
            kept = []
            while True:
                kept.append(w.exp())
                yield len(kept)
        stream = outputs()
        for _ in range(STEPS):
            step()
            next(stream)
        probed = 1  # stop: here
        """,
        "stream",
        "generator",
        "<module>",
    ),
    "a traceback": (
        """
        def fail():
            activation = w.exp()
            raise ValueError(1)
        try:
            fail()
        except ValueError as error:
            seen = error
        for _ in range(STEPS):
            step()
        probed = 1  # stop: here
        """,
        "seen",
        "exception",
        "<module>",
    ),
    "a function outside": (
        """
        def outer():
            outputs = []
            for index in range(STEPS):
                step()
                outputs.append(w.exp())
            inner()
        def inner():
            probed = 1  # stop: here
        outer()
        """,
        "outputs",
        "container",
        "outer",
    ),
}


@pytest.mark.parametrize("leak", HIDDEN)
def test_what_no_name_of_the_frame_reaches_is_found(taps: Taps, leak: str):
    source, path, kind, function = HIDDEN[leak]
    (keeper,) = keepers(taps, source, STEPS=STEPS)
    assert (keeper.path, keeper.kind, keeper.function) == (path, kind, function)
    assert keeper.size_bytes in {floats(OLD * 100), floats(100)}


SOUND = {
    "a plain loop": """
        for index in range(STEPS):
            out = model(x)
            loss = out.pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history = loss.item()
            if index == LAST: probed = 1  # stop: here
        """,
    "before backward": """
        for index in range(STEPS):
            out = model(x)
            loss = out.pow(2).mean()
            optimizer.zero_grad()
            if index == LAST: probed = 1  # stop: here
            loss.backward()
            optimizer.step()
        """,
    "in the next forward": """
        for index in range(STEPS):
            if index == LAST: probed = 1  # stop: here
            out = model(x)
            loss = out.pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        """,
    "detached losses": """
        losses, total = [], 0.0
        for _ in range(STEPS):
            loss = step()
            losses.append(loss.detach())
            total += loss.item()
        probed = 1  # stop: here
        """,
    "a graph that is used again on purpose": """
        z = w.exp()
        for index in range(STEPS):
            loss = (z * index).sum()
            if index == LAST: probed = 1  # stop: here
            loss.backward(retain_graph=True)
            optimizer.step()
        """,
    "an adversarial pair": """
        generator, critic = nn.Linear(4, 4), nn.Linear(4, 1)
        g_steps, c_steps = torch.optim.Adam(generator.parameters()), torch.optim.Adam(critic.parameters())
        for index in range(STEPS):
            for _ in range(5):
                fake = generator(torch.randn(3, 4))
                c_loss = critic(fake.detach()).mean() - critic(torch.randn(3, 4)).mean()
                c_steps.zero_grad()
                c_loss.backward()
                c_steps.step()
                if index == LAST and _ == 3: probed = 1  # stop: here
            g_loss = -critic(fake).mean()
            g_steps.zero_grad()
            g_loss.backward()
            g_steps.step()
        """,
    "a state that is cut": """
        cell, h = nn.RNNCell(3, 5), torch.zeros(2, 5)
        other = torch.optim.SGD(cell.parameters(), lr=0.1)
        for index in range(STEPS):
            h = h.detach()
            for _ in range(20):
                h = cell(torch.randn(2, 3), h)
            loss = h.sum()
            loss.backward()
            other.step()
            if index == LAST: probed = 1  # stop: here
        """,
    "gradients of several batches": """
        losses = []
        for index in range(STEPS):
            losses.clear()
            for _ in range(4):
                losses.append(model(x).mean() / 4)
                losses[-1].backward()
            optimizer.step()
            if index == LAST: probed = 1  # stop: here
        """,
    "a step written by hand": """
        v = torch.ones(5, requires_grad=True)
        for index in range(STEPS):
            loss = (v ** 2).sum()
            loss.backward()
            with torch.no_grad():
                v -= 0.1 * v.grad
                v.grad = None
            if index == LAST: probed = 1  # stop: here
        """,
    "an unrolled inner loop": """
        meta = torch.optim.SGD([w], lr=0.1)
        for index in range(STEPS):
            fast = w
            for _ in range(5):
                inner = (fast ** 2).sum()
                (grad,) = torch.autograd.grad(inner, fast, create_graph=True)
                fast = fast - 0.01 * grad
            outer = (fast ** 2).sum()
            meta.zero_grad()
            if index == LAST: probed = 1  # stop: here
            outer.backward()
            meta.step()
        """,
    "an optimizer a parameter, stepping in backward": """
        each = {p: torch.optim.SGD([p], lr=0.01) for p in model.parameters()}
        def hook(p):
            each[p].step()
            each[p].zero_grad()
        for p in model.parameters(): p.register_post_accumulate_grad_hook(hook)
        for index in range(STEPS):
            out = model(x)
            loss = out.mean()
            loss.backward()
            if index == LAST: probed = 1  # stop: here
        """,
    "a closure of LBFGS": """
        search = torch.optim.LBFGS(model.parameters(), max_iter=4)
        def closure():
            search.zero_grad()
            loss = model(x).pow(2).mean()
            loss.backward()
            return loss
        for index in range(STEPS):
            loss = search.step(closure)
            if index == LAST: probed = 1  # stop: here
        """,
    "no step at all": """
        outputs = [model(x) for _ in range(STEPS)]
        probed = 1  # stop: here
        """,
}


@pytest.mark.parametrize("program", SOUND)
def test_a_sound_program_keeps_nothing_old(taps: Taps, program: str):
    assert keepers(taps, SOUND[program], STEPS=STEPS, LAST=STEPS - 1) == []


def test_a_thousand_entries_are_one_keeper(taps: Taps):
    (keeper,) = keepers(
        taps,
        """
        losses = []
        for _ in range(1_000):
            losses.append(step())
        print  # stop: here
        """,
    )
    assert (keeper.path, keeper.tensors, keeper.steps) == ("losses", 999, 999)
    assert (keeper.first, keeper.last) == ("losses[0]", "losses[998]")


def test_each_node_below_the_states_of_a_chain_counts_once(taps: Taps):
    source = """
        h, states = torch.zeros(1, requires_grad=True), []
        for _ in range(400):
            h = (h * 2).sin()
            states.append(h)
            optimizer.step()
        print  # stop: here
        """
    found = {keeper.path: keeper for keeper in keepers(taps, source)}
    assert found["states"].tensors == 400  # the newest reaches back too
    assert found["states"].nodes == 399 * 2


def test_many_keepers_are_bounded_and_said_to_be(taps: Taps):
    source = "\n".join(
        [f"kept_{n} = w.exp()" for n in range(30)] + [f"for _ in range({STEPS}): step()", "print  # stop: here"]
    )
    found = keepers(taps, source)
    assert len(found) == 20


SULKY = """
    class Sulky:
        def __getattr__(self, name): raise RuntimeError(name)
        @property
        def loss(self): raise RuntimeError("loss")
        def __len__(self): raise RuntimeError("len")
        def __iter__(self): raise RuntimeError("iter")
        def __eq__(self, other): raise RuntimeError("eq")
        def __hash__(self): return 1
    class Strange(dict):
        def items(self): raise RuntimeError("items")
        def __iter__(self): raise RuntimeError("iter")
    sulky, strange = Sulky(), Strange(kept=[])
    def outer():
        inner(w.exp())
        big = w.exp()
        seen = inner(big)
        del big
        return seen() is None
    def inner(big):
        import weakref
        seen = weakref.ref(big)
        for _ in range(STEPS):
            step()
            strange.setdefault("kept", []).append(w.exp())
        clock = torch._C._autograd._get_sequence_nr()
        probed = 1  # stop: here
        assert torch._C._autograd._get_sequence_nr() == clock
        del big
        return seen
    step()
    freed = outer()
    assert freed
"""


def test_the_search_runs_nothing_of_the_users_and_keeps_nothing(taps: Taps):
    found: list[Keeper] = []

    def on_stop(_: str, frame: FrameType) -> None:
        found.extend(keepers_at(frame, taps))

    ended = run(textwrap.dedent(HEAD) + textwrap.dedent(SULKY), on_stop, STEPS=STEPS)
    assert ended.error is None
    assert {keeper.path for keeper in found} == {'strange["kept"]', "big"}
