"""Methods of modules, optimizers, scalers, containers and gradients. Those of tensors are in ``tensors``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .acts import (
    Cleared,
    Emptied,
    GradRead,
    Hooked,
    Kept,
    Loaded,
    ModeSet,
    Placed,
    Scaled,
    ScaleUpdated,
    Step,
    Unhooked,
    Unknown,
    Unscaled,
)
from .attributes import leaf_of
from .backwards import backward
from .cuts import detached
from .forwards import forward
from .loops import elements, exact_items
from .run import Run
from .tensors import of_gradient, of_parameters, of_tensor
from .values import (
    Choice,
    Class,
    Const,
    Function,
    FunctionNode,
    Grad,
    Handle,
    Instance,
    Items,
    Module,
    Opaque,
    Optimizer,
    Params,
    Place,
    Scaler,
    Tensor,
    Value,
    join,
)

Args = Sequence[Value]
Keywords = Mapping[str, Value]


def method(run: Run, receiver: Value, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    """``receiver.name(…)``; None where nobody knows what it does."""
    for kind, handler in _METHODS:
        if isinstance(receiver, kind):
            return handler(run, receiver, name, args, keywords, node)
    return None


def _of_module(
    run: Run, module: Module | Instance, name: str, args: Args, keywords: Keywords, node: ast.AST
) -> Value | None:
    match name:
        case "parameters" | "named_parameters" | "buffers":
            module.listed = True
            return Params((module,))
        case "zero_grad":
            run.acts.append(Cleared(run.now(node), (module,)))
        case "train" | "eval":
            mode = (args or [*keywords.values(), Const(True)])[0]
            training = False if name == "eval" else bool(mode.value) if isinstance(mode, Const) else None
            moment = run.now(node)
            function, site = run.frame.function, run.frame.called_at
            if getattr(function, "name", "") in {"train", "eval"} and site is not None:
                moment = replace(moment, place=site)  # a method that overrides it: its caller is meant
            run.acts.append(ModeSet(moment, module, training))
            return module
        case "requires_grad_":
            wanted = args[0] if args else Const(True)
            known = isinstance(wanted, Const) and not run.guards
            module.frozen = (not wanted.value) if known and isinstance(wanted, Const) else None
            run.acts.append(Loaded(run.now(node), (module,)))
            return module
        case "to" | "cuda" | "cpu" | "half" | "float" | "double" | "bfloat16" | "type" | "share_memory" | "compile":
            return module
        case "load_state_dict":
            run.acts.append(Loaded(run.now(node), (module,)))
            return Opaque()
        case "state_dict":
            return Opaque()
        case "modules" | "children" | "values":
            return module
        case "named_modules" | "named_children" | "items":
            exact = exact_items(module)
            each = exact or [elements(run, module, node)]
            pairs: list[Value] = [Items("tuple", [Opaque(), part]) for part in each]
            return Items("list", pairs, whole=exact is not None)
        case "forward" | "__call__":
            return forward(run, module, args, keywords, node)
        case "append" | "extend" | "insert" | "add_module" | "register_module":
            part = args[-1] if args else Opaque()
            module.parts.append(part)
            run.acts.append(Placed(run.now(node), module, name, part, None))
        case "register_buffer" | "register_parameter":
            key = args[0] if args else None
            if isinstance(key, Const) and isinstance(module, Instance) and len(args) > 1:
                module.attributes[str(key.value)] = args[1]
        case "manual_backward":
            return backward(run, args[0] if args else Opaque(), args[1:], keywords, node)
        case "optimizers":
            return Opaque(name="optimizers")
        case "__init__" | "super().__init__":
            return Const(None)
        case _ if name.startswith("register_") and name.endswith("hook"):
            return hooked(run, module, name, node)
        case "get_parameter":
            return leaf_of(run, module, node)
        case _:
            return None
    return Const(None)


def hooked(run: Run, target: Value, name: str, node: ast.AST) -> Value:
    """Register a hook."""
    call = run.place(node)
    run.acts.append(Hooked(run.now(node), target, call, name))
    return Handle(call)


def _of_optimizer(
    run: Run, optimizer: Optimizer, name: str, args: Args, keywords: Keywords, node: ast.AST
) -> Value | None:
    match name:
        case "step" | "super().step":
            return _step(run, optimizer, args, keywords, node)
        case "zero_grad" | "super().zero_grad":
            run.acts.append(Cleared(run.now(node), (optimizer,), by=optimizer))
        case "add_param_group":
            optimizer.held += tuple(args)
        case "state_dict" | "load_state_dict" | "train" | "eval" | "register_step_pre_hook" | "register_step_post_hook":
            return Opaque()
        case _:
            return None
    return Const(None)


def _step(run: Run, optimizer: Optimizer, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    closure = args[0] if args else keywords.get("closure")
    number, outer = run.number(), run.step
    result: Value = Const(None)
    has_closure = isinstance(closure, Function)
    if has_closure:
        run.step = number
        for _ in range(2 if optimizer.name.endswith("LBFGS") else 1):
            result = run.call(closure, (), {}, node)
        run.step = outer
    elif closure is not None and not (isinstance(closure, Const) and closure.value is None):
        run.acts.append(Unknown(run.now(node), (optimizer, closure)))
    if optimizer.clears:
        run.acts.append(Unknown(run.now(node), (optimizer,)))
    if optimizer.reads:
        run.acts.append(GradRead(run.now(node), optimizer))
    run.acts.append(Step(run.now(node), optimizer, number, has_closure=has_closure))
    return result


def _of_scaler(run: Run, scaler: Scaler, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    given = args[0] if args else next(iter(keywords.values()), Opaque())
    match name:
        case "scale":
            run.acts.append(Scaled(run.now(node), scaler))
            if isinstance(given, Tensor):
                result = run.tensor(node, given, saves=False, sure=given.sure)
                if result.cut is None and given.grad is None:
                    result.grad = None
            else:
                result = run.tensor(node, given, sure=False)
            result.scaled = scaler
            return result
        case "unscale_":
            run.acts.append(Unscaled(run.now(node), scaler, given))
        case "step":
            options = given.options if isinstance(given, Choice) else (given,)
            for option in options:
                if isinstance(option, Optimizer):
                    run.acts.append(Step(run.now(node), option, run.number(), has_closure=False, scaler=scaler))
                else:
                    run.acts.append(Unknown(run.now(node), (option,)))
        case "update":
            run.acts.append(ScaleUpdated(run.now(node), scaler))
        case _:
            return Opaque()
    return Const(None)


def _of_items(run: Run, items: Items, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    _ = keywords
    match name:
        case "append" | "add" | "appendleft" | "insert":
            value = args[-1] if args else Opaque()
            _keep(run, items, value, node)
        case "extend":
            given = args[0] if args else Opaque()
            for value in given.items if isinstance(given, Items) else [elements(run, given, node)]:
                _keep(run, items, value, node)
            items.whole = False
        case "clear" | "pop" | "popleft" | "remove" | "popitem":
            run.acts.append(Emptied(run.now(node), items))
            items.whole = False
            if name == "clear":
                items.items.clear()
            return items.items.pop(0 if name == "popleft" else -1) if items.items else Opaque()
        case "values":
            return Items("list", list(items.items), whole=items.whole, loops=items.loops)
        case "items":
            pairs: list[Value] = [Items("tuple", [Opaque(), each]) for each in items.items]
            return Items("list", pairs, whole=items.whole, loops=items.loops)
        case "keys":
            return Opaque()
        case "get" | "setdefault":
            key = args[0] if args else None
            if items.keys is not None and isinstance(key, Const) and key.value in items.keys:
                return items.keys[key.value]
            return join([*items.items, *args[1:]] or [Opaque()])
        case "update":
            items.whole = False
            items.items.extend(args)
        case "copy":
            return Items(items.kind, list(items.items), whole=items.whole, keys=items.keys, loops=run.loops)
        case _:
            return Opaque()
    return Const(None)


def _keep(run: Run, items: Items, value: Value, node: ast.AST) -> None:
    items.items.append(value)
    if run.loops != items.loops or run.guards:
        items.whole = False
    if len(items.items) > _REMEMBERED:
        del items.items[0]
        items.whole = False
    kept = value.items if isinstance(value, Items) else [value]
    for each in kept:
        if isinstance(each, Tensor) and each.grad is not False:
            run.acts.append(Kept(run.now(node), items, each, items.variable))


_REMEMBERED = 64


def _of_handle(run: Run, handle: Handle, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    _ = args, keywords
    if name in {"remove", "__exit__"}:
        run.acts.append(Unhooked(run.now(node), handle.call))
    return Const(None)


def _apply(run: Run, cls: Class, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    """``apply`` of a Function of the project."""
    _ = name, keywords
    result = run.tensor(node, *args, saves=None)
    written = cls.find("backward")
    if result.node is not None and isinstance(written, Function):
        stops = _gives_nothing(written.node)
        if stops is not None:
            result.node.parents, result.node.stops = (), Place(written.file, stops)
    return result


def _gives_nothing(function: FunctionNode) -> ast.Return | None:
    """The return of a backward that has no other than None."""
    returns = [each for each in ast.walk(function) if isinstance(each, ast.Return)]
    none = [each for each in returns if each.value is None or getattr(each.value, "value", 0) is None]
    return none[0] if none and len(none) == len(returns) else None


def _of_unknown(run: Run, receiver: Opaque, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    if "zero_grad" in name or name in {"clear_grad", "clear_grads", "reset_grad"}:
        run.acts.append(Cleared(run.now(node), (receiver,)))
        return Const(None)
    if name == "backward":
        given = args[0] if args else None
        if isinstance(given, Tensor) and given.grad is not False and not receiver.name.endswith(("loss", "cost")):
            return backward(run, given, args[1:], keywords, node)
        return backward(run, receiver, args, keywords, node)
    if name == "manual_backward" and args:
        return backward(run, args[0], args[1:], keywords, node)
    if name == "sample":
        given = next((each for each in receiver.reach if isinstance(each, (Tensor, Choice))), None)
        return None if given is None else detached(run, given, node, ".sample()")
    if name == "prepare" and args:
        return args[0] if len(args) == 1 else Items("tuple", list(args), loops=run.loops)
    if name == "optimizers":
        return Opaque(name="optimizers")
    if name in {"clip_grad_norm_", "clip_grad_value_"}:
        return Opaque()
    if name == "remove":
        run.acts.append(Unhooked(run.now(node), None))
        return None
    if name in {"no_sync", "accumulate", "join"}:
        return Opaque()
    return None


_METHODS: tuple[
    tuple[type | tuple[type, ...], Callable[[Run, Any, str, Args, Keywords, ast.AST], Value | None]], ...
] = (
    (Tensor, of_tensor),
    (Class, _apply),
    ((Module, Instance), _of_module),
    (Optimizer, _of_optimizer),
    (Params, of_parameters),
    (Grad, of_gradient),
    (Items, _of_items),
    (Scaler, _of_scaler),
    (Handle, _of_handle),
    (Opaque, _of_unknown),
)
