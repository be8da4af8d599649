"""Backwards of every shape are watched: nested, twice, threaded, distributed, compiled, failing."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.utils.checkpoint import checkpoint

from tapelens.probe.keys import key_of

from .watching import first, numbers, walked, watch


def leaf_values(message):
    return [first(message, row) for row in message.leaves.statistics]


def test_an_optimizer_in_the_backward_leaves_no_gradient_and_the_flow_is_told(seen):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizers = {parameter: torch.optim.SGD([parameter], lr=0.1) for parameter in model.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    x = torch.ones(1, 2)
    exact = torch.autograd.grad(model(x).sum(), list(model.parameters()))
    message = watch(seen, model(x).sum())
    assert message.leaves.shape == (-1,) * 4
    assert set(message.hooked.where) == {"post_accumulate"}
    before = sorted(numbers(message, row).norm for row in message.hooked.before)
    assert before == pytest.approx(sorted(each.norm().item() for each in exact), rel=1e-5)
    assert message.hooked.after == (-1,) * 4


def test_a_gradient_penalty_is_two_messages_and_the_nodes_of_the_first_backward_have_keys(seen):
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    seen.taps.watch.arm(1)
    (gradient,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    made_inside = {key_of(node) for node in walked(gradient)}
    seen.taps.watch.arm(2)
    gradient.square().sum().backward()
    outer, inner = seen.gradients
    assert (outer.backward, inner.backward) == (1, 2)
    assert made_inside <= set(inner.nodes.key)
    assert leaf_values(inner) == [(288.0, 972.0)]  # d/dx (3 x²)² = 36 x³
    assert outer.leaves.key == ()


def segment(x):
    return (x * 3).sin()


@pytest.mark.filterwarnings("ignore:`torch.cpu.amp.autocast:FutureWarning")  # torch 2.4's own
@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpoint_runs_its_forward_as_often_and_gives_the_same(seen, use_reentrant):
    ran = []

    def counted(x):
        ran.append(torch.is_grad_enabled())
        return segment(x)

    def run(*, armed):
        ran.clear()
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = checkpoint(counted, x * 1, use_reentrant=use_reentrant)
        root = (y * y).sum()
        if armed:
            seen.taps.watch.arm(1)
        root.backward()
        return x.grad, list(ran)

    (alone, ran_alone), (watched, ran_watched) = run(armed=False), run(armed=True)
    assert torch.equal(alone, watched)
    assert ran_alone == ran_watched
    (message,) = seen.gradients
    assert leaf_values(message) == [tuple(float(f"{value:.6g}") for value in alone.tolist())]
    assert len(message.nodes.key) == len(set(message.nodes.key))
    assert message.hooked.key == ()


def test_a_backward_inside_a_hook_through_the_same_leaf_is_not_counted_as_ours(seen):
    x = torch.tensor([1.0], requires_grad=True)
    y = x * 2

    def inner(_gradient):
        with torch.enable_grad():
            (x * 100).sum().backward()

    y.register_hook(inner)
    message = watch(seen, y.sum(), y)
    assert len(seen.gradients) == 0
    arrived = dict(zip(message.nodes.key, message.nodes.statistics, strict=True))
    assert [first(message, row) for row in arrived.values()] == [(1.0,), (1.0,), (2.0,)]
    assert len(message.nodes.key) == 3
    assert leaf_values(message) == [(102.0,)]


def test_a_transform_is_not_harmed(seen):
    def cubed(x):
        return (x**3).sum()

    x = torch.tensor([1.0, 2.0])
    seen.taps.watch.arm(1)
    assert torch.func.grad(cubed)(x).tolist() == [3.0, 12.0]
    seen.taps.watch.arm(1)
    assert torch.func.vmap(torch.func.grad(cubed))(torch.ones(2, 3)).tolist() == [[3.0] * 3] * 2
    seen.taps.watch.arm(1)
    assert torch.func.jacrev(torch.func.jacrev(cubed))(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]


def test_a_vector_jacobian_product_in_a_batch_is_not_harmed(seen):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x**2
    seen.taps.watch.arm(1)
    (rows,) = torch.autograd.grad(y, x, torch.eye(2), is_grads_batched=True)
    assert rows.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    (message,) = seen.gradients
    assert set(message.nodes.statistics) == {-1}


def test_a_retained_graph_twice_gives_the_same_flow(seen):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    root = (x * x).sum()
    one, two = (watch(seen, root, retain_graph=True) for _ in range(2))
    assert one.edges == two.edges
    assert one.nodes.key == two.nodes.key
    assert (leaf_values(one), leaf_values(two)) == ([(2.0, 4.0)], [(4.0, 8.0)])


def test_after_an_exception_it_says_so_and_holds_what_flowed_until_then(seen):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3

    def refuse(_gradient):
        reason = "no"
        raise ValueError(reason)

    y.register_hook(refuse)
    z = y * 5
    seen.taps.watch.arm(1)
    with pytest.raises(ValueError, match="no"):
        z.sum().backward()
    (message,) = seen.gradients
    assert message.raised
    assert [first(message, row) for row in message.edges.statistics] == [(1.0, 1.0), (5.0, 5.0)]
    assert message.leaves.key == ()
    assert x.grad is None


def test_a_freed_graph_raises_torchs_own_text(seen):
    def run(*, armed):
        x = torch.ones(2, requires_grad=True)
        root = (x * x).sum()
        root.backward()
        if armed:
            seen.taps.watch.arm(1)
        with pytest.raises(RuntimeError) as caught:
            root.backward()
        return str(caught.value)

    assert run(armed=True) == run(armed=False)
    (message,) = seen.gradients
    assert message.raised


def test_a_backward_in_another_thread(seen):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    root = (x * x).sum()
    seen.taps.watch.arm(1)
    thread = threading.Thread(target=root.backward)
    thread.start()
    thread.join(timeout=60)
    (message,) = seen.gradients
    assert leaf_values(message) == [(2.0, 4.0)]


class Waits(torch.autograd.Function):
    """Stands still in its backward until it is told to go on."""

    reached = threading.Event()
    proceed = threading.Event()

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, gradient):
        Waits.reached.set()
        assert Waits.proceed.wait(60)
        return gradient * 1


def test_another_threads_gradients_of_a_shared_leaf_are_not_taken_for_ours(seen):
    w = torch.tensor([1.0], requires_grad=True)
    Waits.reached.clear()
    Waits.proceed.clear()
    ours = Waits.apply(w * 3).sum()
    seen.taps.watch.arm(1)
    thread = threading.Thread(target=ours.backward)
    thread.start()
    assert Waits.reached.wait(60)
    (w * 100).sum().backward()  # through the same AccumulateGrad, whose hooks of ours are in
    Waits.proceed.set()
    thread.join(timeout=60)
    (message,) = seen.gradients
    assert w.grad.tolist() == [103.0]
    leaf = key_of((w * 1).grad_fn.next_functions[0][0])
    arrived = [
        first(message, row) for key, row in zip(message.nodes.key, message.nodes.statistics, strict=True) if key == leaf
    ]
    assert arrived == [(3.0,)]


def test_a_leafs_grad_is_not_read_while_another_thread_runs_a_backward(seen):
    w = torch.tensor([1.0], requires_grad=True)
    other = torch.tensor([1.0], requires_grad=True)
    Waits.reached.clear()
    Waits.proceed.clear()
    thread = threading.Thread(target=Waits.apply(other * 3).sum().backward)
    thread.start()
    assert Waits.reached.wait(60)
    message = watch(seen, (w * 2).sum())
    Waits.proceed.set()
    thread.join(timeout=60)
    assert message.leaves.key == ()
    assert message.left_out == 1


def test_many_threads_train_beside_each_other(seen):
    torch.manual_seed(0)
    model = nn.Linear(4, 4)
    faults = []

    def train():
        try:
            for _ in range(30):
                seen.taps.watch.arm(1)
                model(torch.ones(2, 4)).sum().backward()
        except BaseException as error:
            faults.append(error)
            raise

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert model.bias.grad.tolist() == [240.0] * 4
    for message in seen.gradients:
        assert len(message.nodes.key) == len(set(zip(message.nodes.key, message.nodes.output_nr, strict=True)))


@pytest.fixture
def one_rank(tmp_path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'rendezvous'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("bucket_view", [False, True])
def test_data_parallel_training_with_a_hook_on_its_buckets(seen, one_rank, bucket_view):
    def train(*, armed):
        torch.manual_seed(0)
        inner = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        model = nn.parallel.DistributedDataParallel(inner, gradient_as_bucket_view=bucket_view)
        buckets = []

        def halve(_state, bucket):
            buckets.append(bucket.index())
            future = torch.futures.Future()
            future.set_result(bucket.buffer() / 2)
            return future

        model.register_comm_hook(None, halve)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            root = model(torch.ones(2, 3)).square().sum()
            if armed:
                seen.taps.watch.arm(1)
            root.backward()
            optimizer.step()
        return [parameter.detach().clone() for parameter in inner.parameters()], buckets, inner

    alone, alone_buckets, _ = train(armed=False)
    watched, watched_buckets, inner = train(armed=True)
    assert all(torch.equal(one, two) for one, two in zip(alone, watched, strict=True))
    assert alone_buckets == watched_buckets
    assert len(seen.gradients) == 3
    last = seen.gradients[-1]
    norms = sorted(numbers(last, row).norm for row in last.leaves.statistics)
    assert norms == pytest.approx(sorted(p.grad.norm().item() for p in inner.parameters()), rel=1e-5)


def test_compiled_autograd_is_not_watched_and_it_is_said(seen):
    from torch._dynamo import compiled_autograd

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    root = (x * x).sum()
    seen.taps.watch.arm(1)
    enable = getattr(compiled_autograd, "_enable", None) or compiled_autograd.enable  # torch 2.4
    with enable(lambda graph: graph):
        root.backward()
    (message,) = seen.gradients
    assert x.grad.tolist() == [2.0, 4.0]
    assert message.edges.source == ()
    assert "compiled autograd" in message.not_shown
    seen.gradients.clear()
    message = watch(seen, (x * x).sum())
    assert message.not_shown is None
    assert leaf_values(message) == [(4.0, 8.0)]
