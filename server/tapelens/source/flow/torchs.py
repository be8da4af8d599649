"""Names from elsewhere that are called: torch's, and a few others'."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .acts import Clipped, GradWritten, Hooked, Made
from .backwards import backward, gradients
from .cuts import cut, detached
from .reach import everything
from .run import Run
from .standard import STANDARD, Args, Keywords, Maker, first_of, nothing
from .tables import CONTAINERS, CUTS, FACTORIES, HARMLESS, NO_PARAMETERS, NO_TENSOR, WRAPPERS
from .tensors import of_tensor, operation
from .values import (
    Const,
    Function,
    Grad,
    GradMode,
    Handle,
    Items,
    Module,
    Named,
    Node,
    Opaque,
    Optimizer,
    Scaler,
    Tensor,
    Value,
)


def named(run: Run, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    """Call what has this dotted name."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(run, args, keywords, node)
    if name.startswith("torch.Tensor.") and args:
        found = (
            of_tensor(run, args[0], name.rpartition(".")[2], args[1:], keywords, node)
            if isinstance(args[0], Tensor)
            else None
        )
        return found or Opaque(reach=tuple(args))
    if name.startswith("torch."):
        return _of_torch(run, name, args, keywords, node)
    top = name.partition(".")[0]
    if top in HARMLESS:
        return _harmless(run, name, args, node)
    last = name.rpartition(".")[2]
    if last in {"tqdm", "trange", "notebook_tqdm"} and args:
        return args[0]
    if last == "GradScaler":
        return Scaler(run.place(node), sure=False)
    from .calls import foreign  # noqa: PLC0415 (a call may be of either kind)

    if top == "builtins":
        return foreign(run, last, (), args, keywords, node, pure=True)
    if last.endswith(("ModelCheckpoint", "SummaryWriter", "Dataset", "DataLoader")):
        return Opaque()
    return foreign(run, last, (), args, keywords, node)


def _harmless(run: Run, name: str, args: Args, node: ast.AST) -> Value:
    tensors = [each for each in args if isinstance(each, Tensor)]
    if name.startswith("torchvision.models"):
        return Module(run.place(node), name, loops=run.loops)
    if name == "collections.deque":
        items = Items("list", [], whole=False, loops=run.loops)
        items.bounded = len(args) > 1 or not args
        return items
    if name in {"collections.defaultdict", "collections.OrderedDict"}:
        items = Items("dict", [], whole=False, loops=run.loops)
        items.factory = args[0] if args and name.endswith("defaultdict") else None
        return items
    if tensors:
        return detached(run, tensors[0], node, f"{name}()", sure=False)
    return Opaque()


def _of_torch(run: Run, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    room, _, last = name.rpartition(".")
    is_class = last[:1].isupper()
    if room.startswith("torch.optim.lr_scheduler"):
        return Opaque(name="scheduler", pure=True)
    if room.startswith("torch.optim.swa_utils"):
        return Opaque(name=last, pure=True) if last != "AveragedModel" else Opaque()
    if room.startswith("torch.optim") and is_class:
        return _optimizer(run, name, args, keywords, node)
    if last == "GradScaler":
        enabled = keywords.get("enabled")
        return Scaler(run.place(node), sure=not (isinstance(enabled, Const) and not enabled.value))
    if (room == "torch.nn" or room.startswith(("torch.nn.parallel", "torch.distributed.fsdp"))) and is_class:
        return _module(run, name, last, args, keywords, node)
    if room == "torch.nn.functional" or room.startswith("torch.special"):
        return _functional(run, last, args, keywords, node)
    if room in {"torch", "torch.linalg", "torch.fft"}:
        return _function(run, last, args, keywords, node)
    if room.startswith("torch.distributed"):
        for each in args:
            if isinstance(each, Grad):
                run.acts.append(GradWritten(run.now(node), (each.of,)))
        return Opaque()
    if room.startswith("torch.nn.modules.module") or last.startswith("register_module_"):
        call = run.place(node)
        run.acts.append(Hooked(run.now(node), Named(room), call, last))
        return Handle(call)
    if room.startswith(("torch.distributions", "torch.func", "torch.nn.utils")):
        return Opaque(reach=tuple(args) + tuple(keywords.values()), name=last, pure=True)
    return Opaque()


def _optimizer(run: Run, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    held = args[0] if args else keywords.get("params", Opaque())
    optimizer = Optimizer(run.place(node), name, (held,), loops=run.loops, at=run.tick())
    made(run, optimizer, node)
    return optimizer


def made(run: Run, optimizer: Optimizer, node: ast.AST) -> None:
    """An optimizer is constructed: it refuses what is no leaf."""
    tensors = tuple(tensor for each in optimizer.held for tensor in given_tensors(each))
    run.acts.append(Made(run.now(node), optimizer, tensors))
    if any(tensor.sure and tensor.leaf is False and tensor.grad is True for tensor in tensors):
        run.raises()


def given_tensors(held: Value) -> tuple[Tensor, ...]:
    """Tensors that the text hands to an optimizer one by one."""
    if isinstance(held, Tensor):
        return (held,)
    if isinstance(held, Items):
        return tuple(tensor for item in held.items for tensor in given_tensors(item))
    return ()


def _module(run: Run, name: str, last: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    if last == "Parameter":
        return parameter(run, args, {}, node)
    if last in {"ParameterList", "ParameterDict"}:
        return args[0] if args else Items("list", [], whole=False, loops=run.loops)
    if last in WRAPPERS or "Parallel" in last:
        return args[0] if args else Opaque()
    module = Module(run.place(node), name, loops=run.loops, at=run.tick())
    module.has_modes = _has_modes(last, args, keywords)
    module.is_in_place = _is_true(keywords.get("inplace"))
    if last in CONTAINERS:
        for arg in args:
            module.parts.extend(_modules(run, arg, node))
        for position, part in enumerate(module.parts):
            module.attributes[f"[{position}]"] = part
    elif last in NO_PARAMETERS or last.endswith("Loss"):
        module.has_parameters = False
    return module


def _is_true(value: Value | None) -> bool:
    return isinstance(value, Const) and value.value is True


def _has_modes(last: str, args: Args, keywords: Keywords) -> bool:
    """Dropout and batch norm, and what has a dropout inside."""
    if "Dropout" in last:
        rate = keywords.get("p") or (args[0] if args else Const(0.5))
        return not (isinstance(rate, Const) and not rate.value)
    if "BatchNorm" in last:
        return True
    rate = keywords.get("dropout")
    if last.startswith("Transformer"):
        return not (isinstance(rate, Const) and not rate.value)
    return isinstance(rate, Const) and bool(rate.value)


def _modules(run: Run, value: Value, node: ast.AST) -> Iterator[Value]:
    if isinstance(value, Items):
        for item in value.items:
            yield from _modules(run, item, node)
    elif not isinstance(value, (Const, Named)):
        yield value


def parameter(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    """``nn.Parameter(…)``."""
    wanted = keywords.get("requires_grad") or (args[1] if len(args) > 1 else Const(True))
    result = Tensor(run.place(node), grad=True, leaf=True, loops=run.loops)
    if args:
        result.cut = cut(run, (args[0],), node, "nn.Parameter()")
    if not (isinstance(wanted, Const) and wanted.value):
        result.grad = None
    result.node = Node(run.place(node), at=run.tick(), loops=run.loops, leaf=result, saves=False)
    return result


def _functional(run: Run, last: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    if last == "one_hot":
        return Tensor(run.place(node), grad=False, leaf=True)
    result = operation(run, last, (*args, *keywords.values()), node, sure=True)
    if (
        isinstance(result, Tensor)
        and result.node is not None
        and last not in {"pad", "interpolate", "unfold", "dropout"}
    ):
        result.node.saves = True
    return result


def _function(run: Run, last: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    if last in FACTORIES:
        return factory(run, last, args, keywords, node)
    if last in CUTS:
        given = next((each for each in args if isinstance(each, Tensor)), Opaque())
        return detached(run, given, node, f"torch.{last}()")
    if last[:1].isupper() or last in NO_TENSOR:
        return Opaque()
    if last.startswith("_foreach_"):
        for each in everything(args):
            if isinstance(each, Grad):
                run.acts.append(GradWritten(run.now(node), (each.of,)))
        return Opaque()
    return operation(run, last, (*args, *keywords.values()), node, sure=True)


def factory(run: Run, last: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    """A new tensor that is a leaf."""
    wanted = keywords.get("requires_grad", Const(False))
    result = Tensor(run.place(node), grad=False, leaf=True, loops=run.loops)
    kind = keywords.get("dtype")
    result.dtype = kind.name.removeprefix("torch.") if isinstance(kind, Named) else "" if kind else "float32"
    if last in {"tensor", "as_tensor", "Tensor", "FloatTensor", "asarray", "full", "from_numpy", "scalar_tensor"}:
        result.cut = cut(run, tuple(args), node, f"torch.{last}()")
        if last in {"as_tensor", "asarray"} and args and isinstance(args[0], Tensor) and args[0].sure:
            return args[0]
        if last in {"tensor", "as_tensor", "from_numpy"} and kind is None:
            result.dtype = ""
    if not isinstance(wanted, Const) or "**" in keywords:
        result.grad = None
    elif wanted.value:
        result.grad = True
        result.node = Node(run.place(node), at=run.tick(), loops=run.loops, leaf=result, saves=False)
    return result


def _variable(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    given = args[0] if args else Opaque()
    result = detached(run, given, node, "Variable()")
    wanted = keywords.get("requires_grad", Const(False))
    if isinstance(wanted, Const) and wanted.value:
        result.grad = True
        result.node = Node(run.place(node), at=run.tick(), loops=run.loops, leaf=result, saves=False)
    elif not isinstance(wanted, Const) or not isinstance(given, Tensor):
        result.grad = None if not isinstance(wanted, Const) else False
    return result


def _mode(on: bool | None) -> Maker:  # noqa: FBT001 (the mode itself)
    def make(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
        if args and isinstance(args[0], Function):  # as a decorator that is called
            return Function(
                args[0].file, args[0].node, args[0].scope, owner=args[0].owner, bound=args[0].bound, no_grad=on is False
            )
        _ = run, keywords, node
        return GradMode(on)

    return make


def _switch(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    mode = args[0] if args else keywords.get("mode", Opaque())
    on = bool(mode.value) if isinstance(mode, Const) else None
    run.grad, run.grad_by = on, run.place(node)
    return GradMode(on)


def _inference(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    mode = args[0] if args else keywords.get("mode", Const(True))
    if isinstance(mode, Const):
        return GradMode(False if mode.value else run.grad)
    _ = node
    return GradMode(None)


def _clip(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    params = args[0] if args else keywords.get("parameters", Opaque())
    bound = (
        args[1] if len(args) > 1 else next((v for k, v in keywords.items() if k in {"max_norm", "clip_value"}), None)
    )
    constant = isinstance(bound, Const) and isinstance(bound.value, (int, float)) and bound.value <= _CUTS_SOMETHING
    run.acts.append(Clipped(run.now(node), (params,), constant))
    return Opaque()


_CUTS_SOMETHING = 1000.0
"""A limit above is there to measure the norm."""


def _roots(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    root = args[0] if args else keywords.get("tensors", Opaque())
    return backward(run, root, args[1:], keywords, node)


def _checkpoint(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    rest = {name: value for name, value in keywords.items() if name not in {"use_reentrant", "preserve_rng_state"}}
    return run.call(args[0], args[1:], rest, node) if args else Opaque()


_SPECIAL: dict[str, Maker] = {
    **STANDARD,
    "torch.no_grad": _mode(on=False),
    "torch.autograd.no_grad": _mode(on=False),
    "torch.enable_grad": _mode(on=True),
    "torch.autograd.enable_grad": _mode(on=True),
    "torch.inference_mode": _inference,
    "torch.set_grad_enabled": _switch,
    "torch.autograd.set_grad_enabled": _switch,
    "torch.nn.Parameter": parameter,
    "torch.nn.parameter.Parameter": parameter,
    "torch.Variable": _variable,
    "torch.autograd.backward": _roots,
    "torch.autograd.grad": gradients,
    "torch.nn.utils.clip_grad_norm_": _clip,
    "torch.nn.utils.clip_grad_value_": _clip,
    "torch.nn.utils.clip_grad_norm": _clip,
    "torch.compile": first_of,
    "torch.jit.script": first_of,
    "torch.optim.swa_utils.update_bn": nothing,
    "torch.utils.checkpoint.checkpoint": _checkpoint,
}
