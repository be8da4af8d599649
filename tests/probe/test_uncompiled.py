"""torch.compile sees none of our code, where its graphs break neither."""

from __future__ import annotations

import sys
import threading
import warnings
from collections import Counter
from typing import Any

import pytest
import torch
import torch._dynamo
from torch._dynamo.utils import counters

from tapelens.probe.outbox import Outbox
from tapelens.probe.session import ProbeSession
from tapelens.wire.commands import Configuration
from torch_features import COMPILES_BELOW

COUNTED = ("stats",) if COMPILES_BELOW else ("frames", "stats")
"""Older torch looks at, and counts, what our code calls of others too; without a tensor there it compiles nothing."""


class Nowhere:
    def send_event(self, body: dict[str, object]) -> bool:
        return True

    def waiting(self) -> int:
        return 0


def session() -> ProbeSession:
    everything = Configuration(
        kind="configuration",
        armed=True,
        pause_on=(),
        select=(),
        ignore=(),
        lines="every_line",
        steps=0,
        cards=False,
        thresholds=(),
    )
    return ProbeSession(everything, Outbox(Nowhere()), pause=lambda *_, **__: None, stop=lambda: 1, missing=[])


def compiled_with_breaks(looks: Any):
    """What the compiler counts, and what is warned of."""

    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(2, 2)

        def forward(self, x):
            y = self.layer(x)
            look()
            torch._dynamo.graph_break()
            y.register_hook(lambda gradient: gradient * 2)
            (z,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
            return y.sin() + z

    look: Any = torch._dynamo.disable(looks, recursive=False)  # the frame that a debugger's tracer would be
    torch._dynamo.reset()
    counters.clear()
    model = Inner()
    compiled = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(3):
            compiled(torch.ones(3, 2, requires_grad=True)).sum().backward()
            optimizer.step()
    kept: dict[str, Counter[str]] = {name: Counter(counters[name]) for name in COUNTED}
    return kept, sorted(counters["graph_break"].values()), [str(each.message) for each in heard]


@pytest.mark.parametrize("captures", [False, True])
def test_a_broken_graph_has_as_many_frames_with_the_probe_as_without(*, captures):
    def look():
        if probe is not None and captures:
            probe.on_stop(sys._getframe(1), thread=threading.get_ident(), uncaught=None)

    probe = None
    plain = compiled_with_breaks(look)
    probe = session()
    probe.start()
    try:
        assert compiled_with_breaks(look) == plain
    finally:
        probe.detach()
        torch._dynamo.reset()
