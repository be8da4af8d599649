"""Random states, lifetimes, inference, profiles, saved files, scripts."""

import gc
import io
import pickle
import random
import weakref

import torch
from torch import nn

from laws.corpus import program


@program()
def random_numbers_of_three_kinds(tell):
    import numpy

    generator = torch.Generator().manual_seed(7)
    numbers = []
    for _ in range(3):
        numbers.append([torch.rand(1).item(), random.random(), float(numpy.random.rand())])  # noqa: NPY002, S311
        numbers.append([torch.rand(1, generator=generator).item()])
    with torch.random.fork_rng():
        torch.rand(10)
    state = torch.get_rng_state()
    dropped = nn.functional.dropout(torch.ones(8), 0.5)
    torch.set_rng_state(state)
    tell("numbers", numbers)
    tell("again", torch.equal(dropped, nn.functional.dropout(torch.ones(8), 0.5)))


class Held:
    pass


@program()
def lifetimes_of_objects_and_graphs(tell):
    x = torch.randn(3, requires_grad=True)
    held = Held()
    tell.death_of("held", held)
    y = x * 2
    tell.graph("y", y)
    y.grad_fn.metadata["mine"] = held
    del held
    z = y.sin()
    tell.graph("z", z)
    del y
    z.sum().backward()
    del z
    tell.alive("none left", Held)
    return x


@program()
def weak_references_to_tensors(tell):
    x = torch.randn(3, requires_grad=True)
    died = []
    y = x * 2
    watcher = weakref.ref(y, lambda _: died.append("y"))
    parameter = nn.Parameter(torch.ones(2))
    of_parameter = weakref.ref(parameter, lambda _: died.append("parameter"))
    by_tensor = torch.utils.weak.WeakTensorKeyDictionary()
    by_tensor[x] = "x"
    del parameter
    y.sum().backward()
    del y
    tell("died", died)
    tell("alive", [watcher() is None, of_parameter() is None, len(by_tensor)])
    tell.counts(x=x)
    return x


@program()
def garbage_in_cycles(tell):
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    tell.graph("y", y)
    ring = {"y": y}
    ring["self"] = ring
    y.register_hook(lambda g, held=ring: None)
    del y, ring
    gc.collect()
    return x


@program()
def the_collector_runs_often(tell):
    gc.enable()
    gc.set_threshold(50, 2, 2)
    finalised = []
    model = nn.Linear(3, 1)
    for step in range(4):
        loss = model(torch.randn(2, 3)).sum()
        ring = [loss]
        ring.append(ring)
        loss.backward()
        del loss, ring
        finalised.append(step)
    gc.set_threshold(700, 10, 10)
    gc.disable()
    gc.collect()
    tell("steps", finalised)
    return model


@program()
def inference_mode(tell):
    model = nn.Linear(3, 2)
    with torch.inference_mode():
        x = torch.randn(4, 3)
        y = model(x)
        z = y[1:]
        y.add_(1)
    try:
        model(x).sum().backward()
        y.requires_grad_()
    except RuntimeError as error:
        tell("raised", error)
    with torch.no_grad(), torch.enable_grad():
        kept = model(x.clone())
    with torch.set_grad_enabled(False):
        lost = model(x.clone())
    tell("flags", [z.is_inference(), kept.requires_grad, lost.requires_grad])
    return model, y.clone()


@program()
def profiled(tell):
    model = nn.Linear(3, 2)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True) as seen:
        with torch.profiler.record_function("step"):
            loss = model(torch.randn(4, 3)).sum()
            loss.backward()
    counts = {event.key: event.count for event in seen.key_averages()}
    for key in sorted(counts):
        tell(key, counts[key])
    return model


@program()
def files_are_the_same(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    for name, value in {
        "model": model,
        "state": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "gradients": [parameter.grad for parameter in model.parameters()],
    }.items():
        file = io.BytesIO()
        torch.save(value, file)
        tell(name, file.getvalue())
        if name in {"state", "gradients"}:
            file.seek(0)
            tell(f"{name} read", torch.load(file, weights_only=True))
    tell("pickled", len(pickle.dumps(model.state_dict())))  # it holds addresses
    restored = pickle.loads(pickle.dumps(model))  # noqa: S301
    return model, restored


@program()
def scripted_and_traced(tell):
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return torch.sigmoid(self.layer(x)) * x

    model = Gate()
    traced = torch.jit.trace(model, torch.ones(2, 3))
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    for _ in range(3):
        loss = scripted(traced(torch.randn(2, 3))).sum()
        loss.backward()
        tell("loss", loss)
    for line in str(traced.graph).splitlines():
        tell("graph", line)
    return model


@program(slow=True)
def exported(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    out = torch.export.export(model, (torch.ones(2, 3),))
    tell("graph", str(out.graph))
    tell("ran", out.module()(torch.ones(2, 3)))
    from torch.fx import symbolic_trace

    tell("traced", symbolic_trace(model).code)
    from torch.fx.experimental.proxy_tensor import make_fx

    def step(x):
        y = (x * x).sum()
        return torch.autograd.grad(y, x)

    tell("made", make_fx(step)(torch.ones(2, requires_grad=True)).code)
    return model


@program()
def generators_coroutines_and_comprehensions(tell):
    import asyncio

    w = torch.randn(3, requires_grad=True)

    def parts():
        for step in range(3):
            received = yield (w * step).sum()
            if received:
                yield w.sum()

    async def half(x):
        await asyncio.sleep(0)
        return x / 2

    async def both():
        return await asyncio.gather(half(w.sum()), half(w.prod()))

    stream = parts()
    total = next(stream) + stream.send(True)
    total = total + sum([part for part in stream])  # noqa: C416
    one, two = asyncio.run(both())
    total = total + one + two + sum({f"{n}": w[n] for n in range(3)}.values())
    tell.graph("total", total)
    total.backward()

    def recursive(x, depth):
        return x.sum() if depth == 0 else recursive(x * 1.5, depth - 1)

    recursive(w, 6).backward()
    return w


@program(slow=True)
def a_chain_of_a_hundred_thousand_nodes(tell):
    y = x = torch.ones(1, requires_grad=True)
    y = grown(y)
    y.backward()
    z = grown(x)
    del y
    del z
    return x


def grown(y):
    return eval("__import__('functools').reduce(lambda y, _: y + 1, range(100_000), y)")  # no line of ours


@program()
def a_chain_of_fifteen_thousand_nodes(tell):
    x = torch.ones(1, requires_grad=True)
    y = eval("__import__('functools').reduce(lambda y, _: y + 1, range(15_000), x)")
    y.backward()
    del y
    return x
