"""What a call's graph has to do with earlier calls, steps and writes; the truth is in the programs themselves."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import threading

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from tapelens.events import BackwardBegan
from torch_features import needs_readable_saved_tensors


def calls(seen) -> list[BackwardBegan]:
    return seen.of(BackwardBegan)


def leaf(*values: float) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)


# -- whole graphs -------------------------------------------------------------------------------------------


def test_a_sites_graph_is_looked_at_in_its_first_five_calls_and_in_one_of_fifty(seen):
    x = leaf(1.0)
    for _ in range(101):
        (x * x).backward()
    assert [began.call for began in calls(seen) if began.walked] == [1, 2, 3, 4, 5, 50, 100]


def test_after_a_retaining_call_every_call_is_looked_at_until_its_site_is_known(seen, tmp_path):
    program = """
for _ in range(80):
    (x * x).backward(retain_graph=True)
    for _ in range(3):
        (x * x).backward()
"""
    for more, first_blind in (("", 15), ("if False:\n    (x * x).backward()\n", 53)):
        file = tmp_path / f"train{first_blind}.py"
        file.write_text(program + more)
        seen.events.clear()
        exec(compile(file.read_text(), str(file), "exec"), {"x": leaf(1.0)})
        walked = [began.walked for began in calls(seen)[::4]]
        assert all(walked[: first_blind - 1])
        assert not walked[-1]


def test_a_graph_too_large_to_be_looked_through_says_so(seen):
    x = leaf(1.0)
    y = x
    for _ in range(20_100):
        y = y + 1
    y.backward()
    assert not calls(seen)[0].walked


# -- reuse --------------------------------------------------------------------------------------------------


def test_a_call_names_the_retaining_call_whose_nodes_it_runs_again(seen):
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    features = (x * w).sin()
    features.sum().backward(retain_graph=True)
    features.square().sum().backward()
    (x * w).sum().backward()
    assert [began.reuses for began in calls(seen)] == [frozenset(), {1}, frozenset()]


def test_leaves_that_two_graphs_share_are_no_reuse(seen):
    x = leaf(1.0, 2.0)
    kept = (x * x).sum()
    kept.backward(retain_graph=True)
    (x * x).sum().backward()
    assert calls(seen)[1].reuses == frozenset()


def test_of_several_that_kept_a_node_each_is_named_by_the_next(seen):
    y = leaf(2.0).square()
    for _ in range(3):
        y.backward(retain_graph=True)
    assert [began.reuses for began in calls(seen)] == [frozenset(), {1}, {2}]


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_a_graph_made_of_gradients_alone_is_known_by_its_numbers(seen):
    x, scale = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x * scale).sum().backward(create_graph=True)  # its gradients lead to no node of the graph that it ran
    x.grad.square().sum().backward()
    x.grad = scale.grad = None
    assert calls(seen)[1].reuses == {1}


def test_autograd_grad_uses_and_is_used(seen):
    x = leaf(2.0)
    y = x**3
    (slope,) = torch.autograd.grad(y, x, create_graph=True)
    torch.autograd.grad(slope, x, retain_graph=True)
    assert [began.reuses for began in calls(seen)] == [frozenset(), {1}]


def test_a_kept_graph_that_is_gone_is_told_once(seen):
    x = leaf(1.0, 2.0)
    hidden = x.sin()
    (hidden * 2).sum().backward(retain_graph=True)
    (x * x).sum().backward()  # part of the first graph is still there
    del hidden
    (x * x).sum().backward()
    (x * x).sum().backward()
    assert [began.gone for began in calls(seen)] == [frozenset(), frozenset(), {1}, frozenset()]


def test_one_call_for_each_of_several_roots_needs_its_flag_however_many_there_are(seen):
    x = leaf(1.0, 2.0)
    for loss in [(x * 2).sum()]:
        loss.backward(retain_graph=True)
    rows = x.square()
    [torch.autograd.grad(rows[index], x, retain_graph=True) for index in range(1)]
    [torch.autograd.grad(rows[index:].sum(), x, retain_graph=True) for index in range(1)]
    for scale in (2,):
        loss = (x * scale).sum()
        loss.backward(retain_graph=True)
        (x * scale).sum().backward(retain_graph=True)
        torch.mul(x, scale).sum().backward(retain_graph=True)
    assert [began.retains_literally for began in calls(seen)] == [False] * 3 + [True] * 3


# -- roots --------------------------------------------------------------------------------------------------


def test_a_root_that_ran_is_found_again_as_a_root_and_below_one(seen):
    x = leaf(1.0, 2.0)
    part = x.square().sum()
    part.backward(retain_graph=True)
    part.backward(retain_graph=True)
    (part + x.sum()).backward()
    assert [began.ran_before for began in calls(seen)] == [frozenset(), {1}, {2}]


def test_another_output_of_the_same_node_is_another_root(seen):
    first, second = leaf(1.0, 2.0).exp().unbind()
    first.backward(retain_graph=True)
    second.backward(retain_graph=True)
    (second * 2).backward()
    assert [began.ran_before for began in calls(seen)] == [frozenset(), frozenset(), {2}]


def test_what_autograd_grad_ran_was_not_run_backward(seen):
    x = leaf(1.0)
    y = x * x
    torch.autograd.grad(y, x, retain_graph=True)
    y.backward()
    assert [began.ran_before for began in calls(seen)] == [frozenset(), frozenset()]


def test_a_gradient_that_the_call_brings_is_told_apart_from_the_implied_one(seen):
    x = leaf(1.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward(torch.ones(1), retain_graph=True)
    torch.autograd.backward([y, y], [None, torch.ones(1)], retain_graph=True)
    torch.autograd.grad(y, x, torch.ones(1), retain_graph=True)
    torch.autograd.grad(y, x)
    assert [began.explicit_gradient for began in calls(seen)] == [False, True, True, True, False]


def test_a_root_that_is_a_leaf_has_no_graph(seen):
    x = leaf(1.0)
    x.backward()
    (x * 2).backward()
    assert [(began.root_is_leaf, len(began.roots)) for began in calls(seen)] == [(True, 0), (False, 1)]


def test_a_root_that_refuses_its_node_refuses_torch_too(seen):
    first, _ = leaf(1.0, 2.0).exp().unbind()
    with torch.no_grad():
        first.add_(1)
    with pytest.raises(RuntimeError, match="is a view"):
        first.backward()
    leaf(1.0).square().backward()
    assert [len(began.roots) for began in calls(seen)] == [0, 1]


# -- leaves and their gradients -----------------------------------------------------------------------------


def test_leaves_in_the_graph_and_those_that_have_a_gradient_are_told(seen):
    x, y = leaf(1.0), leaf(2.0)
    (x * 2).backward()
    (x * y).backward()
    second = calls(seen)[1]
    assert (second.reaches, second.filled) == ({id(x), id(y)}, {id(x)})


def clear(x):
    x.grad = None


def zero_past_the_version(x):
    x.grad.data.zero_()


@pytest.mark.parametrize(
    ("between", "stands"),
    [
        (lambda _: None, True),
        (clear, False),
        (lambda x: x.grad.zero_(), False),
        (zero_past_the_version, False),
        (lambda x: x.grad.mul_(0.5), False),
    ],
)
def test_what_an_earlier_call_added_stands_until_somebody_writes(seen, between, stands):
    x = leaf(1.0, 2.0)
    x.square().sum().backward()
    between(x)
    x.square().sum().backward()
    assert calls(seen)[1].standing == ({1: {id(x)}} if stands else {})


def test_after_a_backward_that_was_not_looked_at_nothing_stands_for_sure(seen):
    x = leaf(1.0)
    for _ in range(6):
        (x * x).backward()
    (x * 2).backward()
    assert calls(seen)[4].standing
    assert calls(seen)[6].standing == {}


# -- silent changes -----------------------------------------------------------------------------------------


def changed(seen):
    return [(change.parameter, change.by_step) for change in calls(seen)[-1].silently_changed]


@needs_readable_saved_tensors
@pytest.mark.parametrize("fused", [True, False])
def test_a_fused_step_that_an_older_graph_does_not_know_of_is_told(seen, *, fused):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, fused=fused)
    first, second = model(torch.ones(1, 2)).sum(), model(torch.ones(1, 2)).square().sum()
    first.backward()
    optimizer.step()
    if fused:
        second.backward()
        # the second layer's weight was saved through a view; the first one's was not needed
        assert changed(seen) == [(id(model[1].weight), True)]
    else:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            second.backward()
        assert changed(seen) == []


def write(w):
    w.data.sub_(0.5)


def write_and_take_back(w):
    w.data.sub_(0.5)
    w.data.add_(0.5)


def write_new_memory(w):
    w.data = w.data - 0.5


def write_by_numpy(w):
    w.detach().numpy()[:] -= 0.5


@needs_readable_saved_tensors
@pytest.mark.parametrize(
    ("between", "told"),
    [(write, True), (write_by_numpy, True), (write_new_memory, True), (write_and_take_back, False)],
)
def test_a_write_past_the_version_counter_is_told_unless_it_was_taken_back(seen, between, told):
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    first, second = (w * x).sum(), (w * x).sum()
    first.backward()
    between(w)
    second.backward()
    assert changed(seen) == ([(id(w), False)] if told else [])


def test_a_view_that_was_saved_keeps_the_old_memory_when_data_is_given_new(seen):
    layer = torch.nn.Linear(2, 2)
    x = leaf(1.0, 2.0)
    first, second = layer(x[None]).sum(), layer(x[None]).sum()
    first.backward()
    write_new_memory(layer.weight)
    second.backward()
    assert changed(seen) == []


def test_a_graph_made_after_the_write_is_up_to_date(seen):
    w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for _ in range(3):
        (w * x).sum().backward()
        write(w)
    assert [began.silently_changed for began in calls(seen)] == [(), (), ()]


@needs_readable_saved_tensors
def test_a_changed_parameter_that_no_wanted_gradient_needs_is_not_told(seen):
    w, x, other = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    first, second = (w * x).sum(), (w * x + other).sum()
    first.backward()
    write(w)
    torch.autograd.grad(second, other, retain_graph=True)
    assert changed(seen) == []
    torch.autograd.grad(second, x)
    assert changed(seen) == [(id(w), False)]


# -- what else calls the engine -----------------------------------------------------------------------------


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpoint_is_no_reuse(seen, *, use_reentrant):
    x = leaf(1.0, 2.0)
    for _ in range(3):
        loss = checkpoint(lambda value: (value * value).sin(), x, use_reentrant=use_reentrant).sum()
        loss.backward(retain_graph=not use_reentrant)
    assert all(not began.reuses for began in calls(seen))


def test_derivatives_by_torchs_own_functions_come_out_the_same(seen):
    def f(value):
        return value.pow(3).sum()

    x = leaf(1.0, 2.0)
    jacobian = torch.autograd.functional.jacobian(lambda value: value**2, x)
    hessian = torch.autograd.functional.hessian(f, x)
    batched = torch.autograd.grad(x**2, x, torch.eye(2), is_grads_batched=True)[0]
    assert jacobian.tolist() == batched.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert hessian.tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert torch.func.grad(f)(x.detach()).tolist() == [3.0, 12.0]


def test_threads_that_train_apart_have_nothing_to_do_with_each_other(seen):
    def train():
        w, x = leaf(1.0, 2.0), leaf(3.0, 4.0)
        for _ in range(5):
            (w * x).sum().backward()
            write(w)

    threads = [threading.Thread(target=train) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    began = calls(seen)
    assert len(began) == 15
    assert not any(each.reuses or each.ran_before or each.silently_changed for each in began)
