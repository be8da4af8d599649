"""Names from elsewhere that are called: torch's, the standard library's and a few others'."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from .acts import Clipped, GradWritten, Hooked, Made, Placed
from .attributes import Bound, attribute
from .backwards import backward, gradients
from .cuts import cut, detached
from .loops import elements
from .reach import everything
from .run import Run
from .tables import CONTAINERS, CUTS, FACTORIES, HARMLESS, NO_PARAMETERS, NO_TENSOR, WRAPPERS
from .tensors import of_tensor, operation
from .values import (
    Class,
    Const,
    Default,
    Function,
    Grad,
    GradMode,
    Handle,
    Instance,
    Items,
    Module,
    Named,
    Node,
    Opaque,
    Optimizer,
    Params,
    Partial,
    Scaler,
    Tensor,
    Value,
    join,
)

Args = Sequence[Value]
Keywords = Mapping[str, Value]
Maker = Callable[[Run, Args, Keywords, ast.AST], Value]


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


def _partial(_run: Run, args: Args, keywords: Keywords, _node: ast.AST) -> Value:
    if not args:
        return Opaque()
    function, *rest = args
    if isinstance(function, Function) and function.bound is None:
        result = Function(function.file, function.node, function.scope, owner=function.owner, no_grad=function.no_grad)
        result.args, result.keywords = (*function.args, *rest), {**function.keywords, **keywords}
        return result
    return Partial(function, tuple(rest), dict(keywords))


def _checkpoint(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    rest = {name: value for name, value in keywords.items() if name not in {"use_reentrant", "preserve_rng_state"}}
    return run.call(args[0], args[1:], rest, node) if args else Opaque()


def _first(_run: Run, args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    return args[0] if args else Opaque()


def _nothing(_run: Run, _args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    return Opaque()


def _either(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    return elements(run, args[0], node) if len(args) == 1 else join(args) if args else Opaque()


def _suppress(_run: Run, _args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    return Opaque(name="contextlib.suppress")


def _field(_run: Run, _args: Args, keywords: Keywords, _node: ast.AST) -> Value:
    if "default_factory" in keywords:
        return Default(keywords["default_factory"])
    return keywords.get("default", Opaque())


def _number(how: str) -> Maker:
    def make(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
        given = args[0] if args else Const(0)
        if isinstance(given, Tensor):
            return detached(run, given, node, how, sure=False)
        return Opaque()

    return make


def _sum(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    given = args[0] if args else Opaque()
    if isinstance(given, Items):
        tensors = [each for each in given.items if isinstance(each, Tensor)]
        if tensors:
            return run.tensor(node, *tensors, saves=False, sure=all(each.sure for each in tensors))
        return Opaque(reach=tuple(given.items)) if given.items else Opaque()
    return elements(run, given, node)


def _list(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    if not args:
        return Items("list", [], loops=run.loops, place=run.place(node))
    given = args[0]
    if isinstance(given, Params):
        return Params(given.of)
    if isinstance(given, Items):
        return Items("list", list(given.items), whole=given.whole, loops=run.loops, place=run.place(node))
    return given


def _dict(run: Run, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    if args:
        return args[0]
    whole = "**" not in keywords
    return Items(
        "dict", list(keywords.values()), whole=whole, keys=dict(keywords) if whole else None, loops=run.loops,
        place=run.place(node),
    )  # fmt: skip


def _enumerate(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    given = args[0] if args else Opaque()
    if isinstance(given, Items) and given.whole:
        pairs: list[Value] = [Items("tuple", [Opaque(), each]) for each in given.items]
        return Items("list", pairs, loops=run.loops)
    return Items("list", [Items("tuple", [Opaque(), elements(run, given, node)])], whole=False, loops=run.loops)


def _zip(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    lists = [each.items for each in args if isinstance(each, Items) and each.whole]
    if lists and len(lists) == len(args):
        rows: list[Value] = [Items("tuple", list(row)) for row in zip(*lists, strict=False)]
        return Items("list", rows, loops=run.loops)
    return Items("list", [Items("tuple", [elements(run, each, node) for each in args])], whole=False, loops=run.loops)


def _map(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    if len(args) < 2:  # noqa: PLR2004 (a function and what it goes over)
        return Opaque()
    loop, outer, guards = run.number(), run.loops, run.guards
    results: list[Value] = []
    for turn in range(2):
        run.loops, run.guards = (*outer, (loop, turn)), guards
        results.append(run.call(args[0], [elements(run, each, node) for each in args[1:]], {}, node))
    run.loops, run.guards = outer, guards
    return Items("list", results, whole=False, loops=run.loops)


def _next(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    return elements(run, args[0], node) if args else Opaque()


def _getattr(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    if len(args) > 1 and isinstance(args[1], Const) and isinstance(args[1].value, str) and args[1].value != "grad":
        return attribute(run, args[0], args[1].value, node)
    return Opaque(reach=tuple(args[:1]))


def _setattr(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    match args:
        case [Module() | Instance() as owner, key, value]:
            if isinstance(key, Const) and isinstance(owner, Instance):
                owner.attributes[str(key.value)] = value
            owner.parts.append(value)
            if isinstance(value, (Module, Instance)):
                run.acts.append(Placed(run.now(node), owner, "setattr", value, None))
        case _:
            pass
    return Const(None)


def _chain(run: Run, args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    if args and all(isinstance(each, Params) for each in args):
        return Params(tuple(one for each in args if isinstance(each, Params) for one in each.of))
    return Items("list", list(args), whole=False, loops=run.loops)


def _copied(run: Run, args: Args, _keywords: Keywords, node: ast.AST) -> Value:
    given = args[0] if args else Opaque()
    if isinstance(given, Instance) and not given.is_module:
        return Opaque(reach=(given,))
    if isinstance(given, (Module, Instance)):
        known = isinstance(given, Instance) or not given.guessed
        copied = Module(run.place(node), "deepcopy", guessed=not known, loops=run.loops, frozen=given.frozen)
        copied.listed = True  # a target, a teacher, a snapshot: often not to be trained
        copied.has_modes = any(isinstance(each, Module) and each.has_modes for each in everything((given,)))
        return copied
    if isinstance(given, Tensor):
        return Tensor(run.place(node), grad=given.grad, leaf=given.leaf, loops=run.loops)
    return Opaque(pure=isinstance(given, Opaque) and given.pure)


def _type(_run: Run, args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    given = args[0] if args else None
    return given.cls if isinstance(given, Instance) else Opaque()


_SPECIAL: dict[str, Maker] = {
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
    "torch.compile": _first,
    "torch.jit.script": _first,
    "torch.optim.swa_utils.update_bn": _nothing,
    "torch.utils.checkpoint.checkpoint": _checkpoint,
    "functools.partial": _partial,
    "functools.wraps": _nothing,
    "itertools.chain": _chain,
    "itertools.cycle": _first,
    "itertools.islice": _first,
    "copy.deepcopy": _copied,
    "copy.copy": _copied,
    "contextlib.nullcontext": _nothing,
    "contextlib.suppress": _suppress,
    "dataclasses.field": _field,
    "builtins.min": _either,
    "builtins.max": _either,
    "builtins.float": _number("float()"),
    "builtins.int": _number("int()"),
    "builtins.bool": _number("bool()"),
    "builtins.str": _nothing,
    "builtins.repr": _nothing,
    "builtins.print": _nothing,
    "builtins.len": _nothing,
    "builtins.isinstance": _nothing,
    "builtins.hasattr": _nothing,
    "builtins.range": _nothing,
    "builtins.id": _nothing,
    "builtins.sum": _sum,
    "builtins.list": _list,
    "builtins.tuple": _list,
    "builtins.set": _list,
    "builtins.sorted": _list,
    "builtins.reversed": _list,
    "builtins.iter": _first,
    "builtins.dict": _dict,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "builtins.next": _next,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.type": _type,
}

__all__ = ["Bound", "Class", "join", "made", "named"]
