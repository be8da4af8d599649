"""Custom Functions, old and new, and custom operators."""

import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from laws.corpus import program


class Cube(Function):
    @staticmethod
    def forward(ctx, x, times):
        ctx.save_for_backward(x)
        ctx.times = times
        return x**3 * times

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False)
        return gradient * 3 * x**2 * ctx.times, None


class Sorted(Function):
    generate_vmap_rule = False

    @staticmethod
    def forward(x):
        values, order = torch.sort(x)
        return values, order

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, order = output
        ctx.mark_non_differentiable(order)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(order)

    @staticmethod
    def backward(ctx, of_values, of_order):
        (order,) = ctx.saved_tensors
        return None if of_values is None else of_values.gather(0, order.argsort())

    @staticmethod
    def vmap(info, in_dims, x):
        values, order = torch.sort(x, dim=1 - in_dims[0])
        return (values, order), (in_dims[0], in_dims[0])


class Scaled(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x, by):
        return x * by

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, by = inputs
        ctx.save_for_backward(x, by)
        ctx.save_for_forward(x, by)

    @staticmethod
    def backward(ctx, gradient):
        x, by = ctx.saved_tensors
        return gradient * by, (gradient * x).sum()

    @staticmethod
    def jvp(ctx, along_x, along_by):
        x, by = ctx.saved_tensors
        return along_x * by + (0 if along_by is None else x * along_by)


class AddsInPlace(Function):
    @staticmethod
    def forward(ctx, x, y):
        x.add_(y)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, gradient):
        return gradient, gradient


class Once(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.kept = x.detach()
        return x.sin()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0].cos()


class Raises(Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise ZeroDivisionError("on purpose")


class WrongShape(Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return torch.ones(5)


@program()
def old_style_function_differentiated_twice(tell):
    x = torch.randn(4, requires_grad=True)
    y = Cube.apply(x, 2.0)
    tell.graph("y", y)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    y = Cube.apply(x, 3.0)
    y.sum().backward()
    try:
        y.sum().backward()
    except RuntimeError as error:
        tell("raised", error)
    tell("slopes", [first, second])
    tell(
        "checked",
        torch.autograd.gradcheck(lambda v: Cube.apply(v, 1.5), torch.randn(2, dtype=torch.float64, requires_grad=True)),
    )
    return x


@program()
def function_with_a_context_of_its_own(tell):
    x = torch.randn(5, requires_grad=True)
    values, order = Sorted.apply(x)
    tell("order", order)
    (values * torch.arange(5)).sum().backward()
    tell("vmapped", torch.vmap(Sorted.apply)(torch.randn(2, 3)))
    by = torch.tensor(2.0, requires_grad=True)
    rows = torch.vmap(Scaled.apply, in_dims=(0, None))(torch.randn(3, 2), by)
    rows.sum().backward()
    tell("pushed", torch.func.jvp(Scaled.apply, (x.detach(), torch.tensor(3.0)), (torch.ones(5), torch.tensor(1.0))))
    tell("slope", torch.func.grad(lambda v: Scaled.apply(v, by.detach()).sum())(torch.ones(2)))
    return x, by


@program()
def function_that_writes_its_input(tell):
    x = torch.randn(3, requires_grad=True)
    y = x.clone()
    z = AddsInPlace.apply(y, x)
    tell("same", z is y)
    z.square().sum().backward()
    tell("version", y._version)
    return x


@program()
def function_differentiable_once(tell):
    x = torch.randn(3, requires_grad=True)
    y = Once.apply(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    try:
        first.sum().backward()
    except RuntimeError as error:
        tell("raised", error)
    tell("kept", y.grad_fn.kept)
    Once.apply(x).sum().backward()
    return x


@program()
def function_whose_backward_raises(tell):
    x = torch.randn(3, requires_grad=True)
    try:
        WrongShape.apply(x).sum().backward()
    except RuntimeError as error:
        tell("raised", error)
    Raises.apply(x * 2).sum().backward()


@torch.library.custom_op("laws::swirl", mutates_args=())
def swirl(x: torch.Tensor, turns: int) -> torch.Tensor:
    return x.roll(turns).sin()


@swirl.register_fake
def _(x, turns):
    return torch.empty_like(x)


def _keep(ctx, inputs, output):
    ctx.save_for_backward(inputs[0])
    ctx.turns = inputs[1]


def _swirl_backward(ctx, gradient):
    (x,) = ctx.saved_tensors
    return (gradient * x.roll(ctx.turns).cos()).roll(-ctx.turns), None


swirl.register_autograd(_swirl_backward, setup_context=_keep)


@program()
def custom_operator(tell):
    x = torch.randn(4, requires_grad=True)
    y = swirl(x, 1)
    y.square().sum().backward()
    with torch.no_grad():
        tell("plain", torch.ops.laws.swirl(x, 2))
    tell("checked", str(torch.library.opcheck(swirl, (torch.randn(3, requires_grad=True), 1))))
    return x
