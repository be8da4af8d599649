"""Compile programs with and without a timeline and print what torch.compile counted, as JSON.

``compiled.py BUNDLE`` prints ``{PROGRAM: {BACKEND: [without, with, lines]}}``.
"""

import json
import sys
import warnings
from importlib import import_module

import torch
import torch._dynamo
from runner import load_bundle
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.rest = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

    def forward(self, x):
        return self.rest(self.first(x)).sin() + x


class Breaks(Block):
    def forward(self, x):
        x = self.first(x)
        torch._dynamo.graph_break()
        return self.rest(x)


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Block()

    def __call__(self, x):
        return super().__call__(x * 2)

    def forward(self, x):
        return self.inner.__call__(x) + nn.Module.__call__(self.inner, x)


def scaled(_module, _args, result):
    return result * 2


def hooked():
    net = Block()
    net.first.register_forward_hook(scaled)
    return torch.compile(net, backend=backend)


def in_place():
    net = Block()
    net.compile(backend=backend)
    return net


def function():
    net = Block()
    return torch.compile(lambda x: net(x).exp(), backend=backend)


def whole():
    return torch.compile(Block(), backend=backend, fullgraph=True)


def inside():
    compiled = torch.compile(Block(), backend=backend)
    return nn.Sequential(Block(), compiled, Block())  # pyright: ignore[reportArgumentType]


def breaking():
    return torch.compile(nn.Sequential(Breaks(), Breaks()), backend=backend)


def calling():
    return torch.compile(Outer(), backend=backend)


PROGRAMS = (hooked, in_place, function, whole, inside, breaking, calling)
backend = "eager"


def step(net):
    torch.manual_seed(0)
    model = net()
    x = torch.ones(2, 4, requires_grad=True)
    outs = []
    for _ in range(3):
        outs.append(model(x))
        outs[-1].sum().backward()
    assert x.grad is not None
    return [each.sum().item() for each in (*outs, x.grad)], outs[-1]


def counted(net):
    """What a run came to, and its last result."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        values, out = step(net)
    counters = torch._dynamo.utils.counters
    stats = {name: dict(counters[name]) for name in ("stats", "graph_break", "unimplemented", "frames")}
    return {"stats": stats, "values": values, "warned": [str(each.message) for each in warned]}, out


def main(bundle):
    global backend
    load_bundle(bundle)
    kind = import_module("_tapelens.probe.timeline").Timeline
    faults = []
    told = {}
    for net in PROGRAMS:
        for backend in ("eager", "aot_eager"):
            without, _ = counted(net)
            timeline = kind("auto", lambda *fault: faults.append(fault))
            timeline.install()
            within, out = counted(net)
            (origin,) = timeline.origins([out.grad_fn._sequence_nr()])
            timeline.remove()
            again, _ = counted(net)
            lines = [origin.site and origin.site.line, origin.module]
            told.setdefault(net.__name__, {})[backend] = [without, within, again, lines]
    assert not faults, faults
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
