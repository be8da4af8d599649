"""Gradients along edges and at nodes of many kinds of programs, against ``torch.autograd.grad`` and by hand."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import pytest
import torch
from torch import nn

from tapelens.probe.keys import key_of

from .watching import check_flow, first, numbers, watch


def leaf(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def mlp() -> torch.Tensor:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 2))
    return model(torch.randn(5, 3)).square().mean()


def shared_weight() -> torch.Tensor:
    layer = nn.Linear(3, 3)
    return layer(layer(layer(torch.randn(2, 3))).relu()).sum()


def views() -> torch.Tensor:
    x = leaf(4, 3)
    y = x * 2
    return (y.t().reshape(-1)[2:9].view(7, 1) * y[0, 1] + y.narrow(0, 1, 2).sum()).sum()


def changed_in_place() -> torch.Tensor:
    x = leaf(3, 2)
    y = x * 3
    y[0].mul_(2)
    y += x
    return y.square().sum()


def several_outputs_unbound() -> torch.Tensor:
    a, _, c = leaf(3, 4).tanh().unbind(0)
    return (a * c).sum()


def several_outputs_split() -> torch.Tensor:
    first_part, second = leaf(5, 2).exp().split([2, 3])
    return first_part.sum() * second.square().sum()


def several_outputs_sorted() -> torch.Tensor:
    values, _ = leaf(7).sin().sort()
    highest, _ = values.topk(3)
    return (highest * values[:3]).sum()


def lstm_cell() -> torch.Tensor:
    cell = nn.LSTMCell(3, 2)
    hidden = memory = torch.zeros(2, 2)
    for _ in range(3):
        hidden, memory = cell(torch.randn(2, 3), (hidden, memory))
    return hidden.sum() + memory.square().sum()


def lstm() -> torch.Tensor:
    output, (hidden, _) = nn.LSTM(3, 2, num_layers=2, bidirectional=True)(torch.randn(4, 2, 3))
    return output.square().sum() + hidden.sum()


def broadcast() -> torch.Tensor:
    return (leaf(4, 1) * leaf(1, 3) + leaf(3)).expand(2, 4, 3).square().mean()


def complex_numbers() -> torch.Tensor:
    x = leaf(4, dtype=torch.complex64)
    y = (x * x.conj() + torch.view_as_complex(torch.view_as_real(x) * 2)).exp()
    return torch.fft.ifft(y).abs().sum() + y.imag.sum()


def attention() -> torch.Tensor:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    return layer(torch.randn(2, 3, 8, requires_grad=True)).square().mean()


def convolution() -> torch.Tensor:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    return model(torch.randn(2, 2, 6, 6)).square().mean()


def kept_non_leaves() -> torch.Tensor:
    x = leaf(3)
    y = x.exp()
    y.retain_grad()
    z = y * x
    z.retain_grad()
    return (z + y).sum()


def half_precision() -> torch.Tensor:
    return (leaf(4, 4).to(torch.bfloat16) @ leaf(4, 4).to(torch.bfloat16)).float().sum()


def long_vectors() -> torch.Tensor:
    x = leaf(300_000)
    return (x.sin() * x[::2].repeat(2)).sum() + x.double().exp().mean()


def uneven_reductions() -> torch.Tensor:
    x = leaf(5, 7)
    return x.var() + x.prod(1).sum() + x.max() + torch.logsumexp(x, 0).sum() + x.cumsum(1).mean()


PROGRAMS = (
    mlp,
    shared_weight,
    views,
    changed_in_place,
    several_outputs_unbound,
    several_outputs_split,
    several_outputs_sorted,
    lstm_cell,
    lstm,
    broadcast,
    complex_numbers,
    attention,
    convolution,
    kept_non_leaves,
    half_precision,
    long_vectors,
    uneven_reductions,
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_what_arrives_is_what_autograd_grad_gives_and_the_edges_add_up_to_it(seen, program):
    torch.manual_seed(0)
    message = check_flow(seen, program())
    assert message.first_nonfinite is None
    assert message.hooked.key == ()


class TwoOfThree(torch.autograd.Function):
    """Gives None for one input; is given zeros for the output that nobody used."""

    @staticmethod
    def forward(ctx, a, b, c):
        ctx.save_for_backward(a)
        return a * b, c * 2

    @staticmethod
    def backward(ctx, first_gradient, second_gradient):
        (a,) = ctx.saved_tensors
        return None, first_gradient * a, second_gradient + 1


def test_a_custom_function_may_give_none_and_is_given_zeros(seen):
    a, b, c = (torch.full((2,), value, requires_grad=True) for value in (2.0, 3.0, 5.0))
    product, _ = TwoOfThree.apply(a, b, c)
    node = product.grad_fn
    message = watch(seen, product.sum())
    nodes = message.nodes
    given = {
        nr: first(message, row)
        for key, nr, row in zip(nodes.key, nodes.output_nr, nodes.statistics, strict=True)
        if key == key_of(node)
    }
    assert given == {0: (1.0, 1.0)}  # the zeros are made inside the node, after its hooks
    sent = {
        position: first(message, row)
        for source, position, row in zip(
            message.edges.source, message.edges.position, message.edges.statistics, strict=True
        )
        if source == key_of(node)
    }
    assert sent == {1: (2.0, 2.0), 2: (1.0, 1.0)}
    assert a.grad is None


def test_what_no_gradient_reaches_has_no_row(seen):
    x = torch.ones(2, requires_grad=True)
    used, unused = (x * 2).unbind(0)
    keys = {key_of(used.grad_fn)}
    message = watch(seen, used.exp())
    arrived = list(zip(message.nodes.key, message.nodes.output_nr, strict=True))
    assert [nr for key, nr in arrived if key in keys] == [0]
    del unused


def test_a_sparse_gradient_has_a_shape_and_its_finiteness_is_known(seen):
    table = nn.Embedding(10, 3, sparse=True)
    message = watch(seen, table(torch.tensor([1, 2])).sum())
    assert [message.shapes[shape] for shape in message.leaves.shape] == [(10, 3)]
    assert message.leaves.statistics == (-1,)
    assert message.left_out == 0


def test_accumulating_twice_shows_the_same_flow_and_the_sum_in_grad(seen):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    messages = [watch(seen, (w * w).sum()) for _ in range(2)]
    flowed = [[first(message, row) for row in message.nodes.statistics] for message in messages]
    assert flowed[0] == flowed[1]
    assert [first(message, message.leaves.statistics[0]) for message in messages] == [(2.0, 4.0), (4.0, 8.0)]
    assert [message.leaves.was for message in messages] == [("none",), ("held",)]


def test_only_the_asked_inputs_are_reached(seen):
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    y = a * b
    message = watch(seen, (y * a).sum(), inputs=[a])
    assert b.grad is None
    assert [first(message, row) for row in message.leaves.statistics] == [(2.0, 2.0)]


def test_several_roots_with_gradients_of_their_own(seen):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = y * y
    seen.taps.watch.arm(1)
    torch.autograd.backward([y, z], [torch.ones(2), torch.full((2,), 10.0)])
    (message,) = seen.gradients
    (leaf_row,) = message.leaves.statistics
    assert first(message, leaf_row) == (183.0, 363.0)  # 3 (1 + 10 * 2 y)
    assert message.hooked.key == ()
    assert message.first_nonfinite is None


@pytest.mark.parametrize(
    "gradient",
    [
        torch.randn(50_000),
        torch.full((300_000,), 0.1),
        torch.randn(40, 50).t(),
        torch.randn(3, 1, 4).expand(3, 100, 4),
        torch.randn(600)[::3],
        torch.randn(100) * 1e-30,
        torch.randn(100) * 1e25,
        torch.full((40,), 3e38),
        torch.randn(100, dtype=torch.float64) * 1e-200,
        torch.randn(50, dtype=torch.complex64).conj(),
        torch.randn(50).to(torch.float16),
        torch.full((20_000,), 100.0).to(torch.float16),
        torch.zeros(30),
        torch.empty(0, 3),
    ],
    ids=lambda each: f"{each.dtype}{tuple(each.shape)}",
)
def test_numbers_agree_with_those_in_double_precision(seen, gradient):
    x = torch.zeros_like(gradient).requires_grad_()
    y = x.clone()
    seen.taps.watch.arm(1)
    torch.autograd.backward([y], [gradient])
    (message,) = seen.gradients
    exact = (gradient.abs() if gradient.is_complex() else gradient).double().resolve_conj()
    row = message.nodes.statistics[0]
    statistics = message.statistics
    assert statistics.count[row] == gradient.numel()
    assert float(statistics.norm[row]) == pytest.approx(exact.norm().item(), rel=5e-6)
    if gradient.numel():
        assert float(statistics.minimum[row]) == pytest.approx(exact.min().item(), rel=5e-6)
        assert float(statistics.maximum[row]) == pytest.approx(exact.max().item(), rel=5e-6)
        scale = exact.abs().mean().item()
        assert float(statistics.mean[row]) == pytest.approx(exact.mean().item(), rel=5e-6, abs=1e-6 * scale)
    assert message.first_nonfinite is None
    assert numbers(message, row).odd == (0, 0)


def test_finite_elements_whose_sum_leaves_the_range_have_numbers_all_the_same(seen):
    gradient = torch.full((2,), 1.7e308, dtype=torch.float64)
    x = torch.zeros_like(gradient).requires_grad_()
    seen.taps.watch.arm(1)
    torch.autograd.backward([x.clone()], [gradient])
    (message,) = seen.gradients
    row = message.nodes.statistics[0]
    statistics = message.statistics
    assert (statistics.count[row], statistics.nan[row], statistics.inf[row]) == (2, 0, 0)
    assert (statistics.minimum[row], statistics.maximum[row]) == (1.7e308, 1.7e308)
    assert (statistics.mean[row], message.first_nonfinite) == ("inf", None)
