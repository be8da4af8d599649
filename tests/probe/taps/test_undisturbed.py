"""A training loop under the user's own modes: they hear nothing of the taps, and it computes the same."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tapelens.probe.collector import Collector
from tapelens.probe.taps import Taps
from tapelens.rules.catalogue import runtime_twins


class Functions(TorchFunctionMode):
    def __init__(self, heard):
        super().__init__()
        self.heard = heard

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.heard.append(getattr(function, "__name__", str(function)))
        return function(*args, **(kwargs or {}))


class Kernels(TorchDispatchMode):
    def __init__(self, heard):
        super().__init__()
        self.heard = heard

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.heard.append(str(function))
        return function(*args, **(kwargs or {}))


class Listening(torch.Tensor):
    heard: list[str] = []  # noqa: RUF012

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        cls.heard.append(getattr(function, "__name__", str(function)))
        return super().__torch_function__(function, types, args, kwargs or {})


def listens() -> bool:
    """On older torch no such tensor can be computed with under a dispatch mode."""
    try:
        with Functions([]), Kernels([]):
            torch.ones(3).as_subclass(Listening).sum()
    except RuntimeError:
        return False
    return True


LISTENS = listens()


def train(*, clears, arm=lambda: None):
    """Every trace that the loop leaves."""
    torch.manual_seed(0)
    heard: list[str] = []
    Listening.heard = []
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    scale = (torch.ones(3).as_subclass(Listening) if LISTENS else torch.ones(3)).requires_grad_()
    start = torch._C._autograd._get_sequence_nr()  # pyright: ignore[reportAttributeAccessIssue]
    with warnings.catch_warnings(record=True) as warned, Functions(heard), Kernels(heard):
        warnings.simplefilter("always")
        for _ in range(7):
            if clears:
                optimizer.zero_grad()
            arm()
            loss = (model(torch.randn(4, 3)) * scale.sum()).square().mean()
            loss.backward()
            optimizer.step()
            torch.autograd.grad((scale * 2).sum(), scale)
    taken = torch._C._autograd._get_sequence_nr() - start  # pyright: ignore[reportAttributeAccessIssue]
    values = [parameter.detach().tolist() for parameter in model.parameters()]
    versions = [parameter._version for parameter in model.parameters()]
    return heard, list(Listening.heard), taken, values, versions, torch.get_rng_state().tolist(), len(warned)


@pytest.mark.parametrize("clears", [True, False])
def test_nothing_that_the_user_could_notice_differs(*, clears):
    alone = train(clears=clears)
    faults, findings, gradients = [], [], []
    collector = Collector(
        runtime_twins(), on_finding=findings.append, stop=lambda: 0, report_fault=lambda *fault: faults.append(fault)
    )
    taps = Taps(collector.emit, report_fault=lambda *fault: faults.append(fault), on_gradients=gradients.append)
    taps.install()
    try:
        watched = train(clears=clears, arm=lambda: taps.watch.arm(1))
    finally:
        taps.remove()
    assert faults == []
    assert watched == alone
    assert len(gradients) == 7
    assert bool(findings) != clears
