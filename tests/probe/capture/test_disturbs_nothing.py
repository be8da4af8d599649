"""A capture changes nothing: each program is fingerprinted before and after, and run again without any capture."""

from __future__ import annotations

import gc
import random
import sys
import warnings
import weakref
from types import FrameType
from typing import Any

import pytest
import torch

from probe.capture.stops import Stop, capture, run
from torch_features import KEEPS_SAVED

PROGRAMS = {
    "plain tensors": """
        w = torch.randn(3, 3, requires_grad=True)
        h = torch.tanh(torch.randn(4, 3) @ w)
        loss = (h * h).mean()
        stop = 1  # stop: here
        loss.backward()
        stop = 2  # stop: here
        w.grad.add_(torch.randn(3, 3))
    """,
    "a view whose base was changed in place": """
        w = torch.randn(64, 64, requires_grad=True)
        base = w * 2
        view = base[1:].t()
        half = base.view(32, 128)
        base.mul_(torch.randn(64, 64))
        stop = 1  # stop: here
        loss = ((view @ base[1:]).sum() + half.sin().sum() + base.cos().sum())
        loss.backward()
    """,
    "a view that a node saved before its base was changed in place": """
        w = torch.randn(64, 64, requires_grad=True)
        base = w * 2
        view = base[1:]
        kept = view * view
        base.mul_(torch.randn(64, 64))
        stop = 1  # stop: here
        loss = base.cos().sum() + (view @ base.t()).sum()
        loss.backward()
    """,
    "a view changed in place itself, on a base without gradients": """
        base = torch.zeros(8)
        view = base[:4]
        view.copy_(torch.randn(4, requires_grad=True) * 2)
        stop = 1  # stop: here
        loss = (base * base).sum()
        loss.backward()
    """,
    "a view made without grad mode of a tensor changed in place": """
        w = torch.randn(4, requires_grad=True)
        base = w * 1
        with torch.no_grad():
            view = base[:2]
        base.mul_(3)
        stop = 1  # stop: here
        base.sum().backward()
    """,
    "one of several views, changed in place": """
        w = torch.randn(4, 2, requires_grad=True)
        one, two, *rest = (w * 1).unbind(0)
        kept = (w * 1).chunk(2)
        with torch.no_grad():
            one.add_(1)
        stop = 1  # stop: here
    """,
    "an optimizer with momentum over several steps": """
        model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Dropout(), torch.nn.Linear(5, 1))
        optimizer = torch.optim.Adam(model.parameters())
        for step in range(3):
            optimizer.zero_grad()
            loss = model(torch.randn(7, 3)).square().mean()  # stop: here
            loss.backward()  # stop: here
            optimizer.step()  # stop: here
    """,
    "a freed graph with a custom function": """
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * 2
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return g * 2 + 0 * x
        x = torch.randn(3, requires_grad=True)
        y = Twice.apply(x)
        loss = (y * y).sum()
        stop = 1  # stop: here
        loss.backward()
        stop = 2  # stop: here
    """,
    "a non-leaf without retain_grad, and one with": """
        x = torch.randn(3, requires_grad=True)
        y = x * 2
        z = y * 3
        z.retain_grad()
        stop = 1  # stop: here
        z.sum().backward()
        stop = 2  # stop: here
    """,
    "hooks of every kind": """
        seen = []
        x = torch.randn(3, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: seen.append("y"))
        x.register_post_accumulate_grad_hook(lambda leaf: seen.append("x"))
        y.grad_fn.register_prehook(lambda gs: seen.append("pre"))
        y.grad_fn.register_hook(lambda gi, go: seen.append("post"))
        stop = 1  # stop: here
        y.sum().backward()
        stop = 2  # stop: here
    """,
    "under inference mode": """
        with torch.inference_mode():
            x = torch.randn(3)
            y = x * 2  # stop: here
            z = y[1:]
            stop = 1  # stop: here
    """,
    "under no_grad": """
        x = torch.randn(3, requires_grad=True)
        with torch.no_grad():
            y = x * 2
            stop = 1  # stop: here
        (x * 2).sum().backward()
    """,
    "under autocast": """
        model = torch.nn.Linear(200, 200)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(torch.randn(5, 200)).sum()  # stop: here
            stop = 1  # stop: here
        loss.backward()
    """,
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_a_capture_leaves_every_trace_of_the_program_as_it_was(source: str):
    stops: list[Stop] = []

    def look(_: str, frame: FrameType) -> None:
        before = fingerprint(frame)
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            stops.append(capture(frame))
        assert [str(warning.message) for warning in heard] == []
        assert fingerprint(frame) == before

    assert outcome(source, look) == outcome(source, lambda _, __: None)
    assert stops


def fingerprint(frame: FrameType) -> dict[str, Any]:
    """Everything of the frame that a read can move, read by means that move nothing."""
    found: dict[str, Any] = {
        "random": (random.getstate(), bytes(torch.get_rng_state().numpy())),
        "sequence": clock(),
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")),
        "collector": gc.isenabled(),
    }
    for name, tensor in list(frame.f_locals.items()):
        if isinstance(tensor, torch.Tensor):
            found[name] = of_tensor(tensor)
    return found


def of_tensor(tensor: torch.Tensor) -> tuple[Any, ...]:
    hooks = tensor._backward_hooks, tensor._post_accumulate_grad_hooks
    facts: list[Any] = [
        id(tensor),
        sys.getrefcount(tensor),
        use_count(tensor),
        tensor.requires_grad,
        [None if table is None else (id(table), list(table.items())) for table in hooks],
    ]
    if not tensor.is_inference():
        facts.append(tensor._version)
        if not (tensor._is_view() and tensor._version):
            facts.append(None if tensor.grad_fn is None else tensor.grad_fn._sequence_nr())
            if tensor.is_leaf or tensor.retains_grad:
                gradient = tensor.grad
                facts.append(None if gradient is None else (id(gradient), sys.getrefcount(gradient), bits(gradient)))
    return tuple(facts)


def bits(tensor: torch.Tensor) -> bytes:
    with torch.no_grad():
        return bytes(tensor.detach().to(torch.float64).contiguous().numpy())


def outcome(source: str, look: Any) -> tuple[Any, ...]:
    """What the program computes, and where autograd's clock stands at its end, to the bit."""
    torch.manual_seed(0)
    start = clock()
    program = run("import torch\n" + undented(source), on_stop=look)
    if program.error is not None:
        raise program.error
    taken = clock() - start
    variables = {name: value for name, value in program.variables.items() if isinstance(value, torch.Tensor)}
    made = {
        name: None if value.is_inference() or value.grad_fn is None else value.grad_fn._sequence_nr() - start
        for name, value in variables.items()
        if name not in ("one", "two", "view")
    }
    values = {name: bits(value) for name, value in variables.items() if not value.is_inference()}
    gradients = {
        name: None if value.grad is None else bits(value.grad)
        for name, value in variables.items()
        if name in ("w", "x")
    }
    model = program.variables.get("model")
    parameters = [] if model is None else [bits(parameter) for parameter in model.parameters()]
    return (
        taken,
        made,
        values,
        gradients,
        parameters,
        program.variables.get("seen"),
        bytes(torch.get_rng_state().numpy()),
    )


def clock() -> int:
    """Autograd's sequence number, which only a new node moves."""
    c: Any = torch._C
    return c._autograd._get_sequence_nr()


def use_count(tensor: Any) -> int:
    """How many hold the C++ tensor."""
    return tensor._use_count()


def undented(source: str) -> str:
    lines = source.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] for line in lines)


class Counting(torch.Tensor):
    """A subclass that counts what passes through ``__torch_function__``."""

    calls = 0

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        Counting.calls += 1
        return super().__torch_function__(func, types, args, kwargs or {})


class CountingWrapper(torch.Tensor):
    """A wrapper subclass that answers for its own shape and device."""

    calls: list[str]

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            dtype=inner.dtype,
            device=inner.device,
            dispatch_sizes_strides_policy="sizes",
            dispatch_device=True,
            dispatch_layout=True,
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        CountingWrapper.calls.append(str(func))
        return func(*[arg.inner if isinstance(arg, CountingWrapper) else arg for arg in args], **(kwargs or {}))


def test_a_subclass_hears_nothing():
    x = torch.randn(3).as_subclass(Counting).requires_grad_()
    loss = (x * 2).sum()
    big = torch.randn(500).as_subclass(Counting)
    Counting.calls = 0
    stop = capture(sys._getframe())
    assert Counting.calls == 0
    assert stop.tensors["x"].type_name == "Counting"
    assert stop.tensors["big"].statistics is not None
    assert stop.effects("x") == {"x": "new"}
    assert (loss.numel(), big.numel()) == (1, 500)


def test_a_wrapper_that_answers_for_its_shape_hears_nothing_and_is_said_not_to_be_shown():
    CountingWrapper.calls = []
    wrapper = CountingWrapper(torch.randn(3))
    CountingWrapper.calls.clear()
    row = capture(sys._getframe()).tensors["wrapper"]
    assert CountingWrapper.calls == []
    assert (row.shape, row.device, row.statistics) == (None, None, None)
    assert row.not_shown is not None
    assert row.dtype == "float32"
    del wrapper


def test_modes_of_the_users_hear_nothing():
    from torch.overrides import TorchFunctionMode
    from torch.utils._python_dispatch import TorchDispatchMode

    heard: list[str] = []

    class Functions(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            heard.append(f"function {func}")
            return func(*args, **(kwargs or {}))

    class Kernels(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            heard.append(f"kernel {func}")
            return func(*args, **(kwargs or {}))

    x = torch.randn(300, requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    tables = capture  # a mode hears attribute reads of this very function
    with Functions(), Kernels():
        heard.clear()
        stop = tables(sys._getframe())
        said = list(heard)
    assert said == []
    assert stop.tensors["x"].grad_statistics is not None


def test_a_checkpoints_forward_is_not_run_again_and_unpack_hooks_are_not_called():
    from torch.utils.checkpoint import checkpoint

    ran: list[str] = []

    def block(x):
        ran.append("forward")
        return x.sin().exp()

    def unpack(packed):
        ran.append("unpack")
        return packed

    x = torch.randn(3, requires_grad=True)
    y = checkpoint(block, x, use_reentrant=False)
    with torch.autograd.graph.saved_tensors_hooks(lambda saved: saved.clone(), unpack):
        z = y * y
    loss = z.sum()
    ran.clear()
    stop = capture(sys._getframe())
    assert ran == []
    assert {row.state for row in stop.saved} == {"not_shown" if KEEPS_SAVED else "packed"}
    assert {node.state for node in stop.nodes if node.name in ("SinBackward0", "MulBackward0")} == {"unknown"}
    loss.backward()
    assert {row.state for row in capture(sys._getframe()).saved} == {"not_shown" if KEEPS_SAVED else "freed"}


def test_nothing_is_kept_alive():
    dead: list[str] = []
    gc.disable()
    try:
        program = run(
            """
            import torch
            model = torch.nn.Linear(2, 1)
            x = torch.randn(3, 2, requires_grad=True)
            hidden = model(x).exp()
            loss = hidden.mean()
            loss.backward(retain_graph=True)
            stop = 1  # stop: watch
            del hidden, loss, x, model
            stop = 2  # stop: gone
            """,
            on_stop=lambda name, frame: watch(name, frame, dead),
        )
    finally:
        gc.enable()
    assert program.error is None
    assert sorted(dead) == ["graph", "hidden", "loss", "model.weight.grad", "x"]


def watch(name: str, frame: FrameType, dead: list[str]) -> None:
    variables = frame.f_locals
    if name == "watch":
        capture(frame)
        weakref.finalize(variables["model"].weight.grad, dead.append, "model.weight.grad")
        for each in ("hidden", "loss", "x"):
            weakref.finalize(variables[each], dead.append, each)
        sentinel = Sentinel()
        weakref.finalize(sentinel, dead.append, "graph")
        variables["loss"].grad_fn.metadata["sentinel"] = sentinel


def test_a_profile_holds_nothing_of_a_capture():
    def events(*, looks: bool):
        x = torch.randn(300, 300, requires_grad=True)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
            y = (x.t() * 2).sum()
            if looks:
                shown = capture(sys._getframe())
                assert "profiler" in (shown.tensors["x"].not_shown or "")
            y.backward()
        return {event.key: event.count for event in seen.key_averages()}

    assert events(looks=True) == events(looks=False)


def test_a_traced_graph_holds_nothing_of_a_capture():
    def graph(*, looks: bool):
        weight = torch.ones(2, 3)

        def inner(x):
            y = (x @ weight).sin()
            if looks:
                capture(sys._getframe())
            return y * y

        traced: Any = torch.jit.trace(inner, torch.ones(1, 2))
        return str(traced.graph).replace(str(looks), "")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        first, second = graph(looks=False), graph(looks=True)
    assert first == second


class Sentinel:
    """Lives as long as the node in whose metadata it lies."""


class Hostile:
    """Raises whatever is asked of it, but for what lies in its dict."""

    def __init__(self):
        self.inner = torch.ones(2)

    def refuse(self, *_: object):
        raise AssertionError("asked")

    __getattr__ = __repr__ = __eq__ = __hash__ = __len__ = __bool__ = __iter__ = refuse
    costly = property(refuse)


class HostileList(list[Any]):
    """A list that raises when asked by its own methods."""

    def refuse(self, *_: object):
        raise AssertionError("asked")

    __iter__ = __len__ = __getitem__ = refuse


def test_nothing_of_the_users_is_run_to_find_names():
    hostile, listed = Hostile(), HostileList([torch.ones(3)])
    names = capture(sys._getframe()).tensors
    assert {"hostile.inner", "listed[0]"} <= names.keys()
    del hostile, listed


class Callable:
    """Stands where a function would, and tells when it is asked for anything."""

    asked: list[str]

    def __call__(self, ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return grad * 2

    def __getattr__(self, name: str) -> Any:
        Callable.asked.append(name)
        raise AttributeError(name)


Callable.asked = []


class WithObjects(torch.autograd.Function):
    """A custom function made of such objects."""

    extra = Callable()
    backward = staticmethod(Callable())  # pyright: ignore[reportAssignmentType]

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x * 2


def test_objects_in_a_custom_functions_class_are_not_asked():
    x = torch.ones(2, requires_grad=True)
    loss = WithObjects.apply(x).sum()
    Callable.asked.clear()
    assert [node.custom is not None for node in capture(sys._getframe()).nodes] == [False, True, False]
    loss.backward()
    assert capture(sys._getframe()).node_names == ["AccumulateGrad", "WithObjectsBackward", "SumBackward0"]
    assert Callable.asked == []
