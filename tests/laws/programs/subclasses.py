"""Tensors that answer for themselves, and modes of the user's: what they hear is told."""

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_map

from laws.corpus import program

HEARD = []


class Named(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        HEARD.append(getattr(function, "__name__", str(function)))
        return super().__torch_function__(function, types, args, kwargs or {})


class Boxed(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            dtype=inner.dtype,
            device=inner.device,
            requires_grad=inner.requires_grad,
            strides=inner.stride(),
        )

    def __init__(self, inner):
        self.inner = inner

    def __tensor_flatten__(self):
        return ["inner"], None

    @staticmethod
    def __tensor_unflatten__(tensors, context, size, stride):
        return Boxed(tensors["inner"])

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        HEARD.append(str(function))
        unbox = lambda each: each.inner if isinstance(each, Boxed) else each  # noqa: E731
        out = function(*tree_map(unbox, args), **tree_map(unbox, kwargs or {}))
        boxed = tree_map(lambda each: Boxed(each) if isinstance(each, torch.Tensor) else each, out)
        return return_and_correct_aliasing(function, args, kwargs or {}, boxed)


class OwnSizes(torch.Tensor):
    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, dtype=inner.dtype, dispatch_sizes_strides_policy="sizes"
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        HEARD.append(str(function))
        if function is torch.ops.aten.sym_size.default or function is torch.ops.aten.size.default:
            return args[0].inner.shape
        if "stride" in str(function):
            return args[0].inner.stride()
        return NotImplemented


class Functions(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        HEARD.append(f"mode {getattr(function, '__name__', function)}")
        return function(*args, **(kwargs or {}))


class Kernels(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        HEARD.append(f"kernel {function}")
        return function(*args, **(kwargs or {}))


@program()
def subclass_that_hears_functions(tell):
    del HEARD[:]
    x = torch.randn(3).as_subclass(Named).requires_grad_()
    y = (x * 2).sin()
    y.retain_grad()
    loss = y.sum()
    loss.backward()
    tell("types", [type(each).__name__ for each in (x, y, loss, x.grad)])
    model = torch.nn.Linear(3, 2)
    model.weight = torch.nn.Parameter(model.weight.as_subclass(Named))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    tell("heard", HEARD)


@program()
def wrapper_that_hears_kernels(tell):
    del HEARD[:]
    x = Boxed(torch.randn(3)).requires_grad_()
    y = (x * 2).exp()
    loss = y.sum()
    loss.backward()
    optimizer = torch.optim.SGD([x], lr=0.1)
    optimizer.step()
    tell("inside", [x.inner, x.grad.inner])
    tell("heard", HEARD)


@program()
def wrapper_with_sizes_of_its_own(tell):
    del HEARD[:]
    x = OwnSizes(torch.randn(3, 2))
    held = {"x": x, "shape": tuple(x.shape)}
    tell("shape", held["shape"])
    tell("heard", HEARD)


@program()
def modes_that_hear_everything(tell):
    del HEARD[:]
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    optimizer = torch.optim.Adam(model.parameters())
    with Functions(), Kernels():
        for _ in range(2):
            x = torch.randn(4, 2)
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    tell("heard", HEARD)
    return model, optimizer


@program()
def default_device_and_flops(tell):
    from torch.utils.flop_counter import FlopCounterMode

    model = torch.nn.Linear(4, 5)
    with FlopCounterMode(display=False) as counter:
        loss = model(torch.randn(3, 4)).sum()
        loss.backward()
    tell("flops", counter.get_total_flops())
    with torch.device("meta"):
        shapes = torch.nn.Linear(3, 2)
        out = shapes(torch.ones(1, 3))
    tell("meta", out)
    from torch.utils._device import DeviceContext

    tell("kind", DeviceContext.__name__)
    return model


@program()
def masked_and_parameter_subclasses(tell):
    from torch.masked import masked_tensor

    class Special(torch.nn.Parameter):
        pass

    weight = Special(torch.randn(3))
    masked = masked_tensor(torch.randn(3), torch.tensor([True, False, True]), requires_grad=True)
    out = (masked * 2).sum()
    out.backward()
    (weight * 2).sum().backward()
    tell("sum", out.get_data())
    return weight
