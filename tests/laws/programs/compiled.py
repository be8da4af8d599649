"""torch.compile: the same graphs, the same breaks, the same numbers."""

import torch
from torch import nn

from laws.corpus import program


def trained(tell, backend, *, step_too=False, model=None, **options):
    torch._dynamo.reset()
    model = model or nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    compiled = torch.compile(model, backend=backend, **options)
    step = torch.compile(optimizer.step, backend=backend) if step_too else optimizer.step
    for size in (4, 4, 6):
        loss = compiled(torch.randn(size, 3)).square().mean()
        tell.graph("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        step()
        tell("loss", loss)
    return model, optimizer


@program()
def compiled_eagerly(tell):
    return trained(tell, "eager", fullgraph=True)


@program(slow=True)
def compiled_by_aot_eager(tell):
    return trained(tell, "aot_eager", fullgraph=True)


@program(slow=True)
def compiled_optimizer(tell):
    return trained(tell, "aot_eager", step_too=True)


class Breaks(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.calls = 0

    def forward(self, x):
        y = self.layer(x)
        print("in the middle")
        self.calls += 1
        if y.sum() > 0:
            y = y * 2
        torch._dynamo.graph_break()
        return y.sin()


@program()
def compiled_with_breaks(tell):
    return trained(tell, "eager", model=Breaks())


@program()
def compiled_function_with_a_hook(tell):
    torch._dynamo.reset()
    seen = []

    @torch.compile(backend="aot_eager", dynamic=True)
    def inner(x):
        y = x.sin()
        y.register_hook(lambda g: g * 2)
        return y.sum()

    for size in (3, 5):
        x = torch.randn(size, requires_grad=True)
        x.register_hook(lambda g: seen.append(g.tolist()))
        inner(x).backward()
        tell("gradient", x.grad)
    tell("seen", seen)


@program(slow=True)
def compiled_function_of_ones_own(tell):
    torch._dynamo.reset()

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 2

    @torch.compile(backend="aot_eager")
    def inner(x):
        return Double.apply(x).sum() + torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=False).sum()

    x = torch.randn(3, requires_grad=True)
    inner(x).backward()
    inner(x).backward()
    return x


@program()
def backward_inside_the_compiled_function(tell):
    torch._dynamo.reset()

    @torch.compile(backend="eager")
    def inner(x):
        y = (x * x).sum()
        y.backward()
        return x.grad + 1

    @torch.compile(backend="aot_eager")
    def slope(x):
        return torch.func.grad(lambda v: (v**3).sum())(x)

    x = torch.randn(3, requires_grad=True)
    tell("first", inner(x))
    tell("second", inner(x))
    tell("slope", slope(x.detach()))
    return x


@program()
def compiled_autograd(tell):
    torch._dynamo.reset()
    model = nn.Linear(3, 1)
    with torch._dynamo.compiled_autograd._enable(torch.compile(backend="eager")):
        for _ in range(2):
            loss = model(torch.ones(2, 3)).square().sum()
            loss.backward()
            tell("loss", loss)
    return model


@program()
def recompiled_until_the_limit(tell):
    torch._dynamo.reset()

    @torch.compile(backend="eager", dynamic=False)
    def inner(x):
        return (x * x.shape[0]).sum()

    for size in range(1, 12):
        x = torch.ones(size, requires_grad=True)
        inner(x).backward()
    tell("last", x.grad)


@program(slow=True, needs=("$g++",))
def compiled_by_inductor(tell):
    return trained(tell, "inductor")
