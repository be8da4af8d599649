"""The seam before the engine: what it sees, and what it leaves alone."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportPrivateImportUsage=false, reportPossiblyUnboundVariable=false

from __future__ import annotations

import gc
import sys
import traceback
import warnings
import weakref
from pathlib import Path

import pytest
import torch
import torch._dynamo.testing
from torch.utils.checkpoint import checkpoint

from tapelens.events import BackwardBegan, BackwardEnded, BackwardRaised, Look
from tapelens.probe.keys import key_of
from tapelens.probe.taps import Taps


def refuse(_gradient):
    reason = "no"
    raise ValueError(reason)


def line_of(mark: str) -> int:
    """The line of this file that carries a mark."""
    lines = Path(__file__).read_text().splitlines()
    (number,) = [number for number, line in enumerate(lines, start=1) if line.endswith(f"# here: {mark}")]
    return number


def test_loss_backward_is_seen_at_the_users_line(seen):
    x = torch.ones(3, requires_grad=True)
    (x * x).sum().backward()  # here: plain
    (began,) = seen.of(BackwardBegan)
    assert (began.site.path, began.site.line, began.site.in_library) == (__file__, line_of("plain"), False)
    assert (began.call, began.inside, began.step, began.accumulates) == (1, None, None, True)
    assert (began.retain_graph, began.create_graph, began.retains_literally) == (False, False, False)
    (ended,) = seen.of(BackwardEnded)
    assert ended.call == 1


def test_autograd_backward_and_grad_are_seen(seen):
    x = torch.ones(3, requires_grad=True)
    y = (x * x).sum()
    torch.autograd.backward([y], retain_graph=True)
    (gradient,) = torch.autograd.grad(y, x, create_graph=True)
    assert gradient.tolist() == [2.0, 2.0, 2.0]
    first, second = seen.of(BackwardBegan)
    assert (first.accumulates, first.retain_graph, first.create_graph, first.retains_literally) == (
        True,
        True,
        False,
        True,
    )
    assert (second.accumulates, second.retain_graph, second.create_graph, second.retains_literally) == (
        False,
        True,
        True,
        False,
    )


def test_only_a_literal_true_counts_as_literal(seen):
    x = torch.ones(3, requires_grad=True)
    y = (x * x).sum()
    keep = True
    y.backward(retain_graph=keep)
    y.backward(
        retain_graph=True,
    )
    assert [began.retains_literally for began in seen.of(BackwardBegan)] == [False, sys.version_info >= (3, 11)]


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpoints_own_backward_runs_inside_the_users(seen, *, use_reentrant):
    def forward(value):
        return (value * value).sin()

    x = torch.ones(3, requires_grad=True)
    plain = torch.autograd.grad(forward(x).sum(), x)[0]
    seen.events.clear()
    checkpoint(forward, x, use_reentrant=use_reentrant).sum().backward()
    assert torch.equal(x.grad, plain)
    began = seen.of(BackwardBegan)
    assert [call.inside for call in began] == ([None, began[0].call] if use_reentrant else [None])
    assert len({call.site for call in began}) == 1


def test_a_backward_in_a_hook_is_inside(seen):
    x = torch.ones(3, requires_grad=True)
    y = x * x

    def run_another(_gradient):
        with torch.enable_grad():
            (x.detach().requires_grad_() * 2).sum().backward()

    y.register_hook(run_another)
    y.sum().backward()
    outer, inner = seen.of(BackwardBegan)
    assert inner.inside == outer.call
    assert [ended.call for ended in seen.of(BackwardEnded)] == [inner.call, outer.call]


def places_of_warnings():
    """Where warnings in a hook stand that ask for the place of the frames above it."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")

        def warn(_gradient):
            for level in range(1, 6):
                warnings.warn("from a hook", stacklevel=level)

        x = torch.ones(3, requires_grad=True)
        x.register_hook(warn)
        (x * 2).sum().backward()
    return [(warning.filename, warning.lineno) for warning in heard]


def test_warnings_in_a_hook_stand_where_they_stood(seen):
    tapped = places_of_warnings()
    seen.taps.remove()
    assert tapped == places_of_warnings()
    seen.taps.install()


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_function_transforms_give_what_they_gave(seen):
    def f(value):
        return (value**3).sum()

    x = torch.tensor([1.0, 2.0])
    assert torch.func.grad(f)(x).tolist() == [3.0, 12.0]
    assert torch.func.hessian(f)(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert torch.func.vmap(torch.func.grad(f))(torch.stack([x, x])).tolist() == [[3.0, 12.0], [3.0, 12.0]]
    assert torch.autograd.functional.jacobian(f, x).tolist() == [3.0, 12.0]
    assert torch.func.jvp(f, (x,), (x,))[1].item() == 27.0


@pytest.mark.parametrize("full", [True, False])
def test_compiled_functions_have_as_many_graphs_as_without_taps(seen, *, full):
    def graphs(make):
        torch._dynamo.reset()
        counter = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
        make(counter)
        return counter.frame_count

    def train(backend):
        model = torch.nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        compiled = torch.compile(model, backend=backend, fullgraph=full)
        step = torch.compile(optimizer.step, backend=backend)
        for _ in range(3):
            optimizer.zero_grad()
            compiled(torch.ones(2, 3)).sum().backward()
            step()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tapped = graphs(train)
        seen.taps.remove()
        assert graphs(train) == tapped
    torch._dynamo.reset()


def test_the_freed_graph_the_tensor_that_brought_it_and_the_line_that_freed_it_are_told(seen):
    x = torch.ones(3, requires_grad=True)
    features = (x * x).sin()
    (features * 2).sum().backward()  # here: frees
    loss = (features * 3).square().mean()
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()  # here: raises
    (raised,) = seen.of(BackwardRaised)
    assert (raised.freed, raised.expression, raised.carrier) == (True, "loss", "features")
    assert raised.site.line == line_of("raises")
    assert raised.freed_by is not None
    assert raised.freed_by.line == line_of("frees")
    assert seen.taps.freed_by(key_of(features.grad_fn)) == raised.freed_by
    assert seen.taps.freed_by(key_of(loss.grad_fn)) is not None  # it is the second call's own


def test_who_freed_a_root_is_known_long_after_the_first_iterations(seen):
    for _ in range(120):
        loss = torch.ones(3, requires_grad=True).square().sum()
        loss.backward()
    assert seen.taps.freed_by(key_of(loss.grad_fn)) is not None


def test_a_retained_graph_was_freed_by_nobody(seen):
    loss = torch.ones(3, requires_grad=True).square().sum()
    loss.backward(retain_graph=True)
    assert seen.taps.freed_by(key_of(loss.grad_fn)) is None


def test_the_exception_that_was_raised_is_found_again_also_as_a_cause(seen):
    y = torch.ones(3, requires_grad=True).square()
    y.register_hook(refuse)
    with pytest.raises(ValueError, match="no") as caught:
        y.sum().backward()
    (raised,) = seen.of(BackwardRaised)
    outer = ValueError("cannot go on")
    outer.__cause__ = caught.value
    assert seen.taps.call_of(caught.value) == seen.taps.call_of(outer) == raised.call
    assert seen.taps.call_of(ValueError(str(caught.value))) is None


def test_nothing_is_kept_alive_by_what_was_seen(seen):
    class Big(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(3))

    model = Big()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen.taps.watch.arm(1)
    model.w.square().sum().backward()
    optimizer.step()
    gone = weakref.ref(model), weakref.ref(optimizer)
    seen.events.clear()
    del model, optimizer
    gc.collect()
    assert [reference() for reference in gone] == [None, None]


def test_an_exception_that_is_kept_keeps_nothing_of_ours(seen):
    y = torch.ones(3, requires_grad=True).square()
    y.register_hook(refuse)
    seen.taps.watch.arm(1)
    with pytest.raises(ValueError, match="no") as caught:
        y.sum().backward()
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__) if "call" in frame.f_locals]
    ours = [frame for frame in frames if frame.f_code.co_name == "tapped"]
    assert len(ours) == int(sys.version_info < (3, 11))  # newer Python lets it pass without a trace
    for call in (frame.f_locals["call"] for frame in ours):
        assert (call.leaves, call.watched) == ([], None)
        assert type(call.look) is Look


def homes():
    return [torch.autograd._engine_run_backward, torch.autograd.graph._engine_run_backward]


def install():
    taps = Taps(lambda _event: None, report_fault=lambda *_: None)
    before = [*homes(), sys.excepthook, __import__("threading").excepthook]
    taps.install()
    return taps, before


def test_removing_puts_back_exactly_what_was_there():
    optim = sys.modules["torch.optim.optimizer"]
    hooks = [dict(optim._global_optimizer_pre_hooks), dict(optim._global_optimizer_post_hooks)]
    taps, before = install()
    assert homes() != before[:2]
    taps.remove()
    assert [*homes(), sys.excepthook, __import__("threading").excepthook] == before
    assert [dict(optim._global_optimizer_pre_hooks), dict(optim._global_optimizer_post_hooks)] == hooks


def test_someone_who_patched_over_us_stays_and_we_are_quiet():
    taps, before = install()
    events = []
    ours = torch.autograd._engine_run_backward

    def theirs(*args, **kwargs):
        events.append("theirs")
        return ours(*args, **kwargs)

    torch.autograd._engine_run_backward = theirs
    try:
        taps.remove()
        assert torch.autograd._engine_run_backward is theirs
        assert torch.autograd.graph._engine_run_backward is before[1]
        torch.ones(3, requires_grad=True).sum().backward()
        assert events == ["theirs"]
    finally:
        torch.autograd._engine_run_backward = before[0]


def test_a_fault_of_ours_is_told_once_and_the_program_goes_on():
    faults = []

    def broken(_event):
        reason = "no"
        raise ValueError(reason)

    taps = Taps(broken, report_fault=lambda *fault: faults.append(fault))
    taps.install()
    try:
        x = torch.ones(3, requires_grad=True)
        x.sum().backward()
        x.sum().backward()
        assert x.grad.tolist() == [2.0, 2.0, 2.0]
    finally:
        taps.remove()
    ((_, what),) = (fault for fault in faults if fault[0] == "backward")
    assert len(faults) == len({where for where, _ in faults})
    assert what.startswith("ValueError: no (test_engine.py:")
