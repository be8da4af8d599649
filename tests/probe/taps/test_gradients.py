"""What flows in a watched backward, against values worked out by hand and by ``torch.autograd.grad``."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from tapelens.probe.keys import key_of


def flows(message):
    """(source, position) -> first value along the edge."""
    edges = message.edges
    return {
        (source, position): message.statistics.first[row][0] if row >= 0 else None
        for source, position, row in zip(edges.source, edges.position, edges.statistics, strict=True)
    }


def watch(seen, root, **kwargs):
    seen.taps.watch.arm(4)
    root.backward(**kwargs)
    return seen.gradients.pop()


def test_the_seed_notebooks_gradients_are_those_worked_out_by_hand(seen):
    x = torch.tensor(3.0, requires_grad=True)
    y1 = x + 1
    y2 = 2 * x
    loss = (y1 - y2) ** 2
    power, minus, plus, times = (
        loss.grad_fn,
        loss.grad_fn.next_functions[0][0],
        y1.grad_fn,
        y2.grad_fn,
    )
    keys = [key_of(node) for node in (power, minus, plus, times, plus.next_functions[0][0])]
    message = watch(seen, loss)
    assert (message.stop, message.backward, message.raised, message.left_out) == (4, 1, False, 0)
    found = flows(message)
    x_position = next(index for index, (node, _) in enumerate(times.next_functions) if node is not None)
    assert found == {
        (keys[0], 0): -4.0,  # 2 * (y1 - y2)
        (keys[1], 0): -4.0,  # to y1
        (keys[1], 1): 4.0,  # to y2
        (keys[2], 0): -4.0,  # y1 to x
        (keys[3], x_position): 8.0,  # y2 to x
    }
    arrived = dict(zip(message.nodes.key, message.nodes.statistics, strict=True))
    assert [message.statistics.first[arrived[key]] for key in keys] == [(1.0,), (-4.0,), (-4.0,), (4.0,), (4.0,)]
    assert (message.leaves.key, message.leaves.was) == ((keys[4],), ("none",))
    assert message.statistics.first[message.leaves.statistics[0]] == (4.0,)


def test_twice_with_a_retained_graph_leaves_four_then_eight(seen):
    x = torch.tensor(3.0, requires_grad=True)
    loss = (x + 1 - 2 * x) ** 2
    first, second = watch(seen, loss, retain_graph=True), watch(seen, loss, retain_graph=True)
    values = [message.statistics.first[message.leaves.statistics[0]] for message in (first, second)]
    assert values == [(4.0,), (8.0,)]
    assert (first.leaves.was, second.leaves.was) == (("none",), ("held",))
    assert flows(first) == flows(second)


def test_what_flows_into_each_leaf_is_what_autograd_grad_gives(seen):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.GELU(), torch.nn.LayerNorm(5), torch.nn.Linear(5, 2))
    x = torch.randn(7, 3)
    parameters = list(model.parameters())
    exact = torch.autograd.grad(model(x).square().mean(), parameters)
    message = watch(seen, model(x).square().mean())
    norms = sorted(message.statistics.norm[row] for row in message.leaves.statistics)
    assert norms == pytest.approx(sorted(gradient.double().norm().item() for gradient in exact), rel=5e-6)  # six digits
    for parameter, gradient in zip(parameters, exact, strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_nothing_is_watched_unless_a_stop_armed_it(seen):
    torch.ones(3, requires_grad=True).sum().backward()
    assert seen.gradients == []
    watch(seen, torch.ones(3, requires_grad=True).sum())
    torch.ones(3, requires_grad=True).sum().backward()
    assert seen.gradients == []


def test_autograd_grad_reaches_no_leaf(seen):
    x = torch.ones(3, requires_grad=True)
    y = (x * x).sum()
    seen.taps.watch.arm(1)
    torch.autograd.grad(y, x)
    (message,) = seen.gradients
    assert message.leaves.key == ()
    assert len(message.edges.source) >= 1


def test_nan_and_infinite_elements_are_counted(seen):
    x = torch.tensor([0.0, 1.0, -1.0], requires_grad=True)
    y = x.sqrt()  # infinite at 0, NaN below
    message = watch(seen, y.sum())
    rows = [message.leaves.statistics[0]]
    assert [(message.statistics.nan[row], message.statistics.inf[row]) for row in rows] == [(1, 1)]


class Steals(torch.autograd.Function):
    """Gives a gradient whose memory we know."""

    @staticmethod
    def forward(ctx, value):
        return value * 2

    @staticmethod
    def backward(ctx, gradient):
        made = gradient * 2
        Steals.made_at = made.data_ptr()
        return made


@pytest.mark.parametrize("armed", [False, True])
def test_grad_is_the_very_tensor_that_arrived(seen, *, armed):
    x = torch.ones(1000, requires_grad=True)
    if armed:
        seen.taps.watch.arm(1)
    Steals.apply(x).sum().backward()
    assert len(seen.gradients) == armed
    assert x.grad.data_ptr() == Steals.made_at


def test_it_would_be_a_copy_if_a_hook_kept_it(seen):
    """Shows that the test above can fail."""
    x = torch.ones(1000, requires_grad=True)
    kept = []
    y = Steals.apply(x)
    y.grad_fn.register_hook(lambda inputs, _outputs: kept.append(inputs))
    y.sum().backward()
    assert x.grad.data_ptr() != Steals.made_at


def play_hooks(*, arm):
    """Every kind of hook, and the order in which they run."""
    order = []
    x = torch.ones(3, requires_grad=True)
    y = x * 3
    z = y.sin()
    x.register_hook(lambda gradient: order.append(("x", gradient.sum().item())))
    x.register_post_accumulate_grad_hook(lambda leaf: order.append(("x after", leaf.grad.sum().item())))
    y.register_hook(lambda gradient: order.append(("y", gradient.sum().item())) or gradient * 2)
    y.grad_fn.register_prehook(lambda gradients: order.append(("y before", gradients[0].sum().item())))
    y.grad_fn.register_hook(lambda inputs, outputs: order.append(("y after", outputs[0].sum().item())))
    z.retain_grad()
    for _ in range(2):
        arm()
        z.sum().backward(retain_graph=True)
    return order, x.grad.tolist(), z.grad.tolist()


def test_the_users_hooks_run_as_often_and_in_the_same_order(seen):
    alone = play_hooks(arm=lambda: None)
    watched = play_hooks(arm=lambda: seen.taps.watch.arm(1))
    assert len(seen.gradients) == 2
    assert watched == alone


def test_create_graph_gives_the_same_second_derivative_and_the_same_clock(seen):
    def second(*, armed):
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        y = (x**3).sum()
        if armed:
            seen.taps.watch.arm(1)
        start = torch._C._autograd._get_sequence_nr()
        (gradient,) = torch.autograd.grad(y, x, create_graph=True)
        taken = torch._C._autograd._get_sequence_nr() - start
        return taken, torch.autograd.grad(gradient.sum(), x)[0].tolist()

    assert second(armed=True) == second(armed=False)
    assert second(armed=True)[1] == [12.0, 18.0]


def test_hooks_are_gone_afterwards_and_hold_nothing(seen):
    leaf = torch.ones(3, requires_grad=True)
    y = leaf * 2
    loss = y.square().sum()
    message = watch(seen, loss, retain_graph=True)
    assert len(message.nodes.key) == len(set(message.nodes.key)) == 4
    before = len(message.nodes.key)
    loss.backward()
    assert len(message.nodes.key) == before
    assert seen.gradients == []
    gone = weakref.ref(leaf)
    seen.events.clear()
    del leaf, y, loss
    gc.collect()
    assert gone() is None


def test_hooks_are_gone_after_an_exception_too(seen):
    x = torch.ones(3, requires_grad=True)
    y = x.square()

    def refuse(_gradient):
        reason = "no"
        raise ValueError(reason)

    handle = y.register_hook(refuse)
    seen.taps.watch.arm(2)
    with pytest.raises(ValueError, match="no"):
        (y * 2).sum().backward()
    (message,) = seen.gradients
    assert message.raised
    assert message.leaves.key == ()
    handle.remove()
    y.sum().backward()
    assert len(seen.gradients) == 1


def test_a_leaf_that_its_own_hook_clears_has_no_gradient_afterwards(seen):
    x = torch.ones(3, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda leaf: setattr(leaf, "grad", None))
    message = watch(seen, x.square().sum())
    assert (message.leaves.shape, message.leaves.statistics) == ((-1,), (-1,))


def test_a_long_graph_is_watched_in_part_and_says_so(seen):
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(20_100):
        y = y + 1
    message = watch(seen, y)
    assert message.left_out > 0
    assert x.grad.item() == 1.0


def test_what_has_no_plain_values_is_left_unread(seen):
    table = torch.nn.Embedding(10, 3, sparse=True)
    message = watch(seen, table(torch.tensor([1, 2])).sum())
    assert message.leaves.statistics == (-1,)
    assert message.shapes[message.leaves.shape[0]] == (10, 3)
    assert table.weight.grad.is_sparse
