"""The user's hooks in a watched backward: what they were given, what they left, and that they see nothing of us."""

# pyright: reportOptionalMemberAccess=false, reportOptionalIterable=false, reportArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import io
import threading
from typing import NamedTuple

import pytest
import torch
from torch import nn

from tapelens.probe.capture.gradients.probes import interleave, users_of
from tapelens.probe.capture.hooks import hooks_of
from tapelens.probe.keys import key_of

from .watching import arm, first, watch


class Passage(NamedTuple):
    """One row of hooked gradients."""

    key: int
    output_nr: int
    where: str
    before: tuple[float, ...] | None
    after: tuple[float, ...] | None
    changed: int


def passages(message):
    hooked = message.hooked
    return [
        Passage(key, nr, where, first(message, before), first(message, after), changed)
        for key, nr, where, before, after, changed in zip(
            hooked.key, hooked.output_nr, hooked.where, hooked.before, hooked.after, hooked.changed, strict=True
        )
    ]


def doubled(gradient):
    return gradient * 2


def leaf():
    return torch.tensor([1.0, 2.0], requires_grad=True)


def test_a_non_leafs_hooks_before_and_after_them_all(seen):
    x = leaf()
    y = x * 3
    y.register_hook(doubled)
    y.register_hook(lambda gradient: gradient + 1)
    message = watch(seen, (y * y).sum(), y)
    assert passages(message) == [Passage(key_of(y.grad_fn), 0, "tensor", (6.0, 12.0), (13.0, 25.0), 1)]
    assert x.grad.tolist() == [39.0, 75.0]


def test_a_hook_that_only_looks_changed_nothing(seen):
    x = leaf()
    y = x * 3
    looked = []
    y.register_hook(lambda gradient: looked.append(gradient.tolist()))
    message = watch(seen, y.sum(), y)
    assert passages(message) == [Passage(key_of(y.grad_fn), 0, "tensor", (1.0, 1.0), (1.0, 1.0), 0)]
    assert looked == [[1.0, 1.0]]


def test_a_leafs_hooks_are_found_without_a_name(seen):
    x = leaf()
    x.register_hook(doubled)

    def scale(tensor):
        tensor.grad.mul_(10)

    x.register_post_accumulate_grad_hook(scale)
    y = x * 3
    key = key_of(y.grad_fn.next_functions[0][0])
    message = watch(seen, y.sum())
    assert passages(message) == [
        Passage(key, 0, "tensor", (3.0, 3.0), (6.0, 6.0), 1),
        Passage(key, 0, "post_accumulate", (6.0, 6.0), (60.0, 60.0), 1),
    ]
    assert [first(message, row) for row in message.leaves.statistics] == [(60.0, 60.0)]


def test_a_nodes_hooks_before_and_after_it_runs(seen):
    x = leaf()
    y = x * 3
    y.grad_fn.register_prehook(lambda gradients: (gradients[0] + 5,))
    y.grad_fn.register_hook(lambda sent, _given: (sent[0] * 7, *sent[1:]))
    message = watch(seen, y.sum())
    key = key_of(y.grad_fn)
    assert passages(message) == [
        Passage(key, 0, "node_pre", (1.0, 1.0), (6.0, 6.0), 1),
        Passage(key, 0, "node_post", (18.0, 18.0), (126.0, 126.0), 1),
    ]
    assert x.grad.tolist() == [126.0, 126.0]
    edges = message.edges
    (along,) = [row for source, row in zip(edges.source, edges.statistics, strict=True) if source == key]
    assert first(message, along) == (126.0, 126.0)


def test_all_kinds_at_one_node_in_the_engines_order(seen):
    x = leaf()
    y = x * 3
    y.register_hook(doubled)
    y.retain_grad()
    y.grad_fn.register_prehook(lambda gradients: (gradients[0] + 1,))
    message = watch(seen, y.sum(), y)
    assert [(each.where, each.before, each.after) for each in passages(message)] == [
        ("tensor", (1.0, 1.0), (2.0, 2.0)),
        ("node_pre", (2.0, 2.0), (3.0, 3.0)),
    ]
    assert y.grad.tolist() == [2.0, 2.0]


def test_where_several_gradients_meet_the_hook_was_given_their_sum(seen):
    x = leaf()
    y = x * 3
    y.register_hook(doubled)
    message = watch(seen, (y.exp().log() + y * 4).sum(), y)
    (passage,) = passages(message)
    assert passage.before == pytest.approx((5.0, 5.0))
    assert passage.after == pytest.approx((10.0, 10.0))


def test_a_hook_whose_tensor_no_stop_saw_shows_by_what_it_changed(seen):
    x = leaf()
    y = x * 3
    y.register_hook(doubled)
    message = watch(seen, (y * y).sum())
    both_edges = passages(message)
    assert both_edges == []  # two gradients were summed there: nothing tells the hook from the sum
    z = x * 3
    z.register_hook(lambda gradient: gradient.mul_(4))
    message = watch(seen, z.sin().sum())
    (passage,) = passages(message)
    assert (passage.where, passage.changed) == ("tensor", 1)
    assert passage.after == pytest.approx(tuple(4 * value for value in passage.before))


def test_a_modules_backward_hooks_are_seen_before_and_after(seen):
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda _module, inputs, _outputs: (inputs[0] * 2,))
    layer.register_full_backward_pre_hook(lambda _module, outputs: (outputs[0] + 1,))
    x = torch.ones(1, 2, requires_grad=True)
    message = watch(seen, layer(x * 1).sum())
    exact = layer.weight.detach().sum(0) * 2  # from ones made two each
    found = passages(message)
    assert [(each.where, each.changed) for each in found] == [("node_post", 1), ("node_post", 1)]
    assert (found[0].before, found[0].after) == ((1.0, 1.0), (2.0, 2.0))
    assert found[1].before == pytest.approx(tuple(exact.tolist()), rel=1e-5)
    assert found[1].after == pytest.approx(tuple((2 * exact).tolist()), rel=1e-5)


def test_a_module_hook_that_gives_nothing_back_changed_nothing(seen):
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda _module, _inputs, _outputs: None)
    message = watch(seen, layer(torch.ones(1, 2, requires_grad=True) * 1).sum())
    assert [(each.where, each.changed) for each in passages(message)] == [("node_post", 0)]


def test_a_gradient_that_a_post_accumulate_hook_drops_is_gone_after_it(seen):
    x = leaf()
    x.register_post_accumulate_grad_hook(lambda tensor: setattr(tensor, "grad", None))
    (passage,) = passages(watch(seen, (x * 3).sum()))
    assert (passage.before, passage.after, passage.changed) == ((3.0, 3.0), None, 1)


def test_a_hook_that_removes_itself_runs_once_and_stays_removed(seen):
    x = leaf()
    y = x * 3
    ran = []

    def once(gradient):
        ran.append(gradient.tolist())
        handle.remove()

    handle = y.register_hook(once)
    for _ in range(2):
        watch(seen, y.sum(), y, retain_graph=True)
    assert len(ran) == 1
    assert list(y._backward_hooks.values()) == []


def test_the_tables_hold_the_same_hooks_in_the_same_order_afterwards(seen):
    x = leaf()
    y = x * 3
    for number in range(3):
        for tensor in (x, y):
            tensor.register_hook(lambda _gradient, number=number: None)
    x.register_post_accumulate_grad_hook(lambda _tensor: None)
    tables = [x._backward_hooks, y._backward_hooks, x._post_accumulate_grad_hooks]
    before = [list(table.items()) for table in tables]
    watch(seen, y.sum(), x, y)
    assert [list(table.items()) for table in tables] == before
    assert [x._backward_hooks, y._backward_hooks, x._post_accumulate_grad_hooks] == tables


@pytest.mark.parametrize("raises", [False, True])
def test_no_hook_of_ours_is_left_on_any_node(seen, *, raises):
    x = leaf()
    y = x * 3
    y.register_hook(lambda _gradient: None)
    z = y.exp()
    root = z.sum()

    def refuse(_gradients):
        if raises:
            message = "no"
            raise ValueError(message)

    z.grad_fn.register_prehook(refuse)
    if raises:
        with pytest.raises(ValueError, match="no"):
            watch(seen, root, y, retain_graph=True)
    else:
        watch(seen, root, y, retain_graph=True)
    nodes = [root.grad_fn, z.grad_fn, y.grad_fn, y.grad_fn.next_functions[0][0]]
    left = []
    for node in nodes:
        for register in (node.register_hook, node.register_prehook):
            handle = register(lambda *_: None)
            left.append(len(handle.hooks_dict_ref()) - 1)
            handle.remove()
    assert left == [0, 0, 0, 1, 0, 0, 0, 0]  # the user's own prehook
    assert len(y._backward_hooks) == 1


def test_a_stop_inside_the_backward_shows_the_users_hooks_only(seen):
    x = leaf()
    shown = []

    def look(_gradient):
        shown.extend(hook.name for hook in hooks_of(x))

    x.register_hook(look)
    watch(seen, (x * 3).sum())
    assert shown == ["look"]


def test_hooks_run_whole_on_another_thread_while_ours_are_put_in_and_taken_out(seen):
    """One graph that two threads run: the user's hook is never skipped and never runs twice."""
    x = torch.ones(3, requires_grad=True)
    y = x * 3
    ran: list[int] = []
    for number in range(4):
        y.register_hook(
            lambda _gradient, number=number: ran.append(number) if threading.current_thread() is other else None
        )
    root = y.sum()
    rounds = 300

    def run() -> None:
        for _ in range(rounds):
            torch.autograd.grad(root, x, retain_graph=True)

    other = threading.Thread(target=run)
    other.start()
    while other.is_alive():
        arm(seen, y)
        torch.autograd.grad(root, x, retain_graph=True)
    other.join(timeout=60)
    assert ran == [0, 1, 2, 3] * rounds
    assert seen.gradients
    assert all(len(message.nodes.key) <= 3 for message in seen.gradients)


def test_two_watches_do_not_stand_between_the_same_hooks():
    x = leaf()
    y = x * 3
    y.register_hook(doubled)
    table = y._backward_hooks
    calls = []
    take_out = interleave(table, users_of(table), lambda index, _given: calls.append(index))
    assert users_of(table) == {}
    y.sum().backward()
    assert calls == [0, 1]
    take_out()
    assert list(table.values()) == [doubled]


def test_saving_a_tensor_in_a_hook_warns_of_the_users_hooks_only(seen):
    x = leaf()

    def save(_gradient):
        with pytest.warns(UserWarning, match="hook") as warned:
            torch.save(x, io.BytesIO())
        told.extend(str(each.message) for each in warned)

    told: list[str] = []
    x.register_hook(save)
    watch(seen, (x * 3).sum())
    assert len(told) == 1
    assert "save" in told[0]
