"""The first node that turns finite gradients into others is named."""

# pyright: reportOptionalMemberAccess=false, reportOptionalSubscript=false, reportArgumentType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tapelens.probe.capture.gradients import measuring
from tapelens.probe.keys import key_of
from tapelens.probe.timeline import Origin
from tapelens.wire.sites import Site

from .watching import first, watch

NAN = math.nan


def told(message):
    """Key, position, type, NaN, Inf and hook."""
    found = message.first_nonfinite
    return None if found is None else (found.key, found.position, found.name, found.nan, found.inf, found.hook)


def test_the_square_root_of_zero(seen):
    x = torch.tensor([0.0, 1.0, 0.0], requires_grad=True)
    root = x.sqrt()
    message = watch(seen, (root * torch.tensor([1.0, 1.0, 0.0])).sum())
    assert told(message) == (key_of(root.grad_fn), 0, "SqrtBackward0", 1, 1, "")


def test_a_sound_backward_names_nobody(seen):
    message = watch(seen, torch.ones(3, requires_grad=True).exp().sum())
    assert message.first_nonfinite is None
    assert message.left_out == 0


def test_only_the_first_of_several(seen):
    x = torch.tensor([0.0], requires_grad=True)
    inner, outer = x.sqrt(), (x * 0).log()
    message = watch(seen, inner.sum() + outer.sum())
    assert told(message)[2] in {"LogBackward0", "SqrtBackward0"}
    ran_first = next(key for key in message.nodes.key if key in {key_of(inner.grad_fn), key_of(outer.grad_fn)})
    assert told(message)[0] == ran_first


def test_the_edge_is_the_one_that_it_was_sent_along(seen):
    a, b = torch.tensor([0.0], requires_grad=True), torch.tensor([2.0], requires_grad=True)
    power = a**b  # d/db is 0**2 * log(0)
    ratio = b / a
    message = watch(seen, ratio.sum())
    assert told(message) == (key_of(ratio.grad_fn), 0, "DivBackward0", 0, 1, "")
    assert power.grad_fn is not None


def test_the_gradient_that_the_backward_begins_with(seen):
    x = torch.ones(2, requires_grad=True)
    seen.taps.watch.arm(1)
    (x * 2).backward(torch.tensor([1.0, NAN]))
    (message,) = seen.gradients
    assert (message.first_nonfinite.key, message.first_nonfinite.nan) == (0, 1)


@pytest.mark.parametrize("known", [True, False])
def test_a_hook_of_a_tensor(seen, *, known):
    x = torch.ones(2, requires_grad=True)
    y = x * 2

    def spoil(gradient):
        return gradient / 0

    y.register_hook(lambda gradient: gradient + 1)
    y.register_hook(spoil)
    message = watch(seen, y.sin().sum(), *([y] if known else []))
    hook = "spoil" if known else "a hook"
    assert told(message) == (key_of(y.grad_fn), -1, "MulBackward0", 0, 2, hook)


def test_hooks_of_a_node_and_of_a_module(seen):
    x = torch.ones(2, requires_grad=True)
    y = x * 2

    def before(gradients):
        return (gradients[0] * math.inf,)

    y.grad_fn.register_prehook(before)
    assert told(watch(seen, y.sum())) == (key_of(y.grad_fn), -1, "MulBackward0", 0, 2, "before")

    def spoil(_module, inputs, _outputs):
        return (inputs[0] * NAN,)

    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(spoil)
    message = watch(seen, layer(torch.ones(1, 2, requires_grad=True) * 1).sum())
    assert told(message)[1:] == (-1, "BackwardHookFunctionBackward", 2, 0, "spoil")


def test_a_sum_that_leaves_the_range(seen):
    x = torch.tensor([1.0], requires_grad=True)
    y = x * 1.0
    message = watch(seen, (y * 3e38 + y * 3e38).sum())
    assert told(message) == (key_of(y.grad_fn), -1, "MulBackward0", 0, 1, "")


def test_a_large_sum_of_finite_elements_is_finite(seen):
    x = torch.zeros(100, requires_grad=True)
    y = x.clone()
    seen.taps.watch.arm(1)
    y.backward(torch.full((100,), 3e38))
    (message,) = seen.gradients
    assert message.first_nonfinite is None


def test_half_precision_overflow(seen):
    x = torch.ones(4, dtype=torch.float16, requires_grad=True)
    y = x.float()
    message = watch(seen, (y * 1e6).sum())
    assert told(message)[2:] == ("ToCopyBackward0", 0, 4, "")


def test_a_sparse_gradient(seen):
    table = nn.Embedding(10, 3, sparse=True)
    spoilt = table(torch.tensor([1, 2]))
    message = watch(seen, (spoilt * 0).sqrt().sum())
    assert told(message)[2] == "SqrtBackward0"


@pytest.mark.parametrize("budget", ["numbers", "everything"])
def test_without_time_for_numbers_it_is_still_named_and_without_any_it_is_unknown(seen, monkeypatch, *, budget):
    monkeypatch.setattr(measuring, "_ALLOWANCE_NS", -1)
    monkeypatch.setattr(measuring, "_SHARE", 0.0)
    if budget == "everything":
        monkeypatch.setattr(measuring, "_FINITE_ALLOWANCE_NS", -1)
        monkeypatch.setattr(measuring, "_FINITE_SHARE", 0.0)
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    root = x.sqrt()
    message = watch(seen, root.sum())
    if budget == "numbers":
        assert told(message) == (key_of(root.grad_fn), 0, "SqrtBackward0", 0, 1, "")
        assert message.left_out == 0
        assert [row for row in message.nodes.statistics if row >= 0] == []
    else:
        assert message.first_nonfinite is None
        assert message.left_out == 3


def test_anomaly_modes_own_error_is_the_same_and_the_node_is_named(seen):
    def run(*, armed):
        x = torch.tensor([0.0], requires_grad=True)
        if armed:
            seen.taps.watch.arm(1)
        with (
            pytest.warns(UserWarning, match="Anomaly|Error detected") as warned,
            torch.autograd.detect_anomaly(),
            pytest.raises(RuntimeError) as caught,
        ):
            ((x * 0).sqrt() * 0).sum().backward()
        return str(caught.value), [str(each.message) for each in warned]

    assert run(armed=True) == run(armed=False)
    (message,) = seen.gradients
    assert message.raised
    assert told(message)[2:] == ("SqrtBackward0", 1, 0, "")


def test_its_line_and_module_are_asked_of_the_timeline(seen):
    site = Site(path="/model.py", line=12, function="forward", in_library=False)
    x = torch.tensor([0.0], requires_grad=True)
    root = x.sqrt()
    sequence = root.grad_fn._sequence_nr()
    asked = []

    def origins(sequences):
        asked.extend(sequences)
        return [Origin(site, "encoder.norm", 1)]

    seen.taps.watch._origins = origins
    message = watch(seen, root.sum())
    assert asked == [sequence]
    assert (message.first_nonfinite.site, message.first_nonfinite.module) == (site, "encoder.norm")
    assert first(message, message.leaves.statistics[0]) == ("inf",)
