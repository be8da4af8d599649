"""Calls: of the project's functions and classes, of torch's, and of what nobody knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from .acts import Unknown
from .attributes import Bound, Super, bind
from .forwards import forward
from .guesses import by_annotation, by_name, is_optimizer, is_pure, is_schedule
from .loops import exact_items
from .methods import method
from .reach import touching
from .run import DEEPEST, Frame, Run, operands
from .torchs import made, named
from .values import (
    Choice,
    Class,
    Const,
    Default,
    Function,
    GradMode,
    Instance,
    Items,
    Module,
    Named,
    Opaque,
    Optimizer,
    Partial,
    Place,
    Scope,
    Tensor,
    Value,
    join,
)

_ARGUMENTS = re.compile(r".*(?:parse|args|argparse|config|cfg|namespace|options).*", re.IGNORECASE)

Keywords = Mapping[str, Value]


def call(run: Run, node: ast.Call) -> Value:
    """A call as it is written."""
    callee = node.func
    if isinstance(callee, ast.Name) and callee.id == "super" and run.frame.owner is not None and not node.args:
        return Super(run.frame.owner, run.frame.bound or Opaque())
    function = run.evaluate(callee)
    args: list[Value] = []
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            value = run.evaluate(arg.value)
            exact = exact_items(value)
            args.extend([Opaque(reach=(value,))] if exact is None else exact)
        else:
            args.append(run.evaluate(arg))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = run.evaluate(keyword.value)
        if keyword.arg is None and isinstance(value, Items) and value.keys is not None and value.whole:
            keywords.update({key: each for key, each in value.keys.items() if isinstance(key, str)})
        else:
            keywords[keyword.arg or "**"] = value
    return invoke(run, function, args, keywords, node)


def invoke(run: Run, function: Value, args: Sequence[Value], keywords: Keywords, node: ast.AST) -> Value:
    """Call a value."""
    match function:
        case Function():
            return _inline(run, function, args, keywords, node)
        case Class():
            return _construct(run, function, args, keywords, node)
        case Named(name=name):
            return named(run, name, args, keywords, node)
        case Partial():
            return invoke(run, function.function, (*function.args, *args), {**function.keywords, **keywords}, node)
        case Bound(receiver=receiver, name=name):
            found = method(run, receiver, name, args, keywords, node)
            return found if found is not None else foreign(run, name, (receiver,), args, keywords, node)
        case Module() | Instance(is_module=True):
            return forward(run, function, args, keywords, node)
        case Instance():
            inner = bind(function.cls.find("__call__"), function, function.cls)
            return (
                invoke(run, inner, args, keywords, node)
                if inner is not None
                else foreign(run, function.variable, (function,), args, keywords, node)
            )
        case Choice(options=options):
            return _any_of(run, options, args, keywords, node)
        case Opaque():
            return foreign(run, function.name, function.reach, args, keywords, node, pure=function.pure)
        case _:
            return foreign(run, "", (function,), args, keywords, node)


def _any_of(run: Run, options: Sequence[Value], args: Sequence[Value], keywords: Keywords, node: ast.AST) -> Value:
    kept = [each for each in options if not (isinstance(each, Const) and each.value is None)]
    if len(kept) == 1:
        return invoke(run, kept[0], args, keywords, node)
    branch, tried = run.number(), run.tried
    results: list[Value] = []
    run.tried = True  # what one of them raises, the way that leads here may rule out
    for arm, option in enumerate(kept):
        with run.guarded(branch, arm):
            results.append(invoke(run, option, args, keywords, node))
    run.tried = tried
    return join(results) if results else Opaque()


def foreign(
    run: Run,
    name: str,
    receivers: Sequence[Value],
    args: Sequence[Value],
    keywords: Keywords,
    node: ast.AST,
    *,
    pure: bool = False,
) -> Value:
    """A function that nobody knows: it may do anything with what it gets, unless its name is of those that do not."""
    given = (*args, *keywords.values())
    if is_schedule(name):
        return Opaque(name=name, pure=True)
    concerned = touching((*receivers, *given))
    if not concerned and "zero_grad" in name:
        concerned = (Opaque(),)
    if not (pure or is_pure(name)):
        if concerned:
            run.acts.append(Unknown(run.now(node), concerned))
        _perhaps(run, [each for each in given if isinstance(each, Function)], node)
    if is_optimizer(name.removeprefix("create_").removeprefix("build_").removeprefix("get_")) and name.islower():
        return Optimizer(run.place(node), name, (*given, Opaque()), guessed=True, loops=run.loops, at=run.tick())
    inside = [each for receiver in receivers if isinstance(receiver, Opaque) for each in receiver.reach]
    tensors, perhaps, _ = operands((*given, *(each for each in inside if isinstance(each, (Tensor, Choice)))))
    if tensors or perhaps:
        return run.tensor(node, *given, *inside, sure=False)
    if _ARGUMENTS.fullmatch(name):
        return Opaque(pure=True)
    result = Opaque(reach=concerned, name=name if not name.islower() else "", pure=pure)
    result.origins = tuple(
        one for each in (*receivers, *given) if isinstance(each, Opaque) for one in each.all_origins()
    )[:8]
    return result


def _perhaps(run: Run, functions: Sequence[Function], node: ast.AST) -> None:
    """They may be called, with nobody knows what."""
    for function in functions:
        with run.guarded(run.number(), 0):
            _inline(run, function, (), {}, node)


def define_function(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """A function, under what its decorators make of it."""
    function = Function(run.frame.file, node, run.frame.scope)
    result: Value = function
    for decorator in reversed(node.decorator_list):
        name = ast.unparse(decorator)
        if name in _KEPT or name.endswith((".setter", ".register")):
            continue
        value = run.evaluate(decorator)
        match value:
            case Named(name=known) if known.startswith(("torch.no_grad", "torch.inference_mode")):
                function.no_grad = True
            case Function():
                result = _inline(run, value, [result], {}, decorator)
            case GradMode(on=False):
                function.no_grad = True
            case Named(name="contextlib.contextmanager"):
                function.plain = False
            case Named(name=known) if known.startswith(("torch.", "functools.", "builtins.", "typing.", "abc.")):
                pass
            case _ if is_pure(name.rpartition(".")[2].partition("(")[0]):
                pass
            case _:
                function.plain = False
    return result


_KEPT = {"staticmethod", "classmethod", "property", "cached_property", "functools.cached_property", "abstractmethod"}


def define_lambda(run: Run, node: ast.Lambda) -> Value:
    """A lambda."""
    return Function(run.frame.file, node, run.frame.scope, bound=None)


def define_class(run: Run, node: ast.ClassDef) -> Value:
    """A class, with its body's names."""
    bases = tuple(run.evaluate(base) for base in node.bases)
    cls = Class(run.frame.file, node, bases, Scope(run.frame.scope))
    frame = run.frame
    run.frame = Frame(frame.file, cls.scope)
    try:
        run.block(node.body)
    finally:
        run.frame = frame
    for value in cls.scope.names.values():
        if isinstance(value, Function) and value.scope is cls.scope:
            value.owner = cls
            value.scope = frame.scope
    return cls


def _construct(run: Run, cls: Class, args: Sequence[Value], keywords: Keywords, node: ast.AST) -> Value:
    if cls.is_a(("torch.optim.lr_scheduler",)):
        return Opaque(name="scheduler", pure=True)
    if cls.is_a(("torch.optim.",)):
        held = args[0] if args else keywords.get("params", Opaque())
        text = ast.unparse(cls.node)
        optimizer = Optimizer(
            run.place(node), cls.node.name, (held,), clears="zero_grad" in text or ".grad = None" in text,
            loops=run.loops, at=run.tick(),
        )  # fmt: skip
        optimizer.reads = ".grad" in text
        made(run, optimizer, node)
        return optimizer
    if cls.is_a(("torch.autograd.Function", "enum.")):
        return Opaque()
    instance = Instance(cls, run.place(node), is_module=is_module(cls), loops=run.loops, at=run.tick())
    init = bind(cls.find("__init__"), instance, cls)
    if isinstance(init, Function):
        _inline(run, init, args, keywords, node)
    else:
        _fill(run, instance, args, keywords, node)
    return instance


def is_module(cls: Class) -> bool:
    """Whether its instances are ``nn.Module``."""
    return cls.is_a(("torch.nn.", "pytorch_lightning.", "lightning.", "pl.")) or any(
        isinstance(base, Named) and base.name.endswith(("Module", "PreTrainedModel")) for base in cls.all_bases()
    )


def _fill(run: Run, instance: Instance, args: Sequence[Value], keywords: Keywords, node: ast.AST) -> None:
    """Fields of a dataclass."""
    fields: list[str] = []
    for cls in reversed([instance.cls, *(base for base in instance.cls.all_bases() if isinstance(base, Class))]):
        fields += [
            each.target.id
            for each in cls.node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
    instance.attributes.update(zip(fields, args, strict=False))
    instance.attributes.update({name: value for name, value in keywords.items() if name in fields})
    for name in fields:
        default = instance.cls.find(name)
        if name not in instance.attributes and isinstance(default, Default):
            instance.attributes[name] = invoke(run, default.factory, (), {}, node)
    given = tuple(args) + tuple(keywords.values())
    if not fields and given:
        instance.attributes["?"] = Opaque(reach=given)


def _inline(run: Run, function: Function, args: Sequence[Value], keywords: Keywords, node: ast.AST) -> Value:
    """Go through the function's body here."""
    run.spend()
    body = function.node
    if body in run.calls or len(run.calls) >= DEEPEST:
        return foreign(run, "", (function,), args, keywords, node)
    run.executed.add(body)
    scope = Scope(function.scope)
    kept, grad = (run.frame, run.guards, run.calls), (run.grad, run.grad_by)
    run.frame = Frame(function.file, scope, body, function.owner, function.bound, run.place(node))
    bound = () if function.bound is None else (function.bound,)
    args = (*bound, *function.args, *args)
    _bind_parameters(run, body.args, args, {**function.keywords, **keywords})
    run.is_guessing = False
    run.calls = (*run.calls, body)
    if function.no_grad:
        run.grad, run.grad_by = False, Place(function.file, body)
    try:
        if isinstance(body, ast.Lambda):
            return run.evaluate(body.body)
        end = run.block(body.body)
        frame = run.frame
    finally:
        run.frame, run.guards, run.calls = kept
        if function.no_grad:
            run.grad, run.grad_by = grad
    if frame.yields:
        return Items("list", frame.yields, whole=False, loops=run.loops)
    for value in frame.returns:
        _leave_behind(value, scope)
    returned = frame.returns if end is not None else [*frame.returns, Const(None)]
    return join(returned) if returned else Opaque()


def _leave_behind(value: Value, scope: Scope) -> None:
    """The leaf that a returned result was made from has only a local name."""
    if isinstance(value, Tensor) and value.leaf is False and value.lost is None and value.node is not None:
        parents = value.node.parents
        leaf = parents[0].leaf if len(parents) == 1 else None
        if leaf is not None and leaf.grad and any(each is leaf for each in scope.names.values()):
            value.lost = leaf


def _bind_parameters(run: Run, parameters: ast.arguments, args: Sequence[Value], keywords: Keywords) -> None:
    names = run.frame.scope.names
    positional = [*parameters.posonlyargs, *parameters.args]
    left = dict(keywords)
    for position, parameter in enumerate(positional):
        if position < len(args):
            names[parameter.arg] = args[position]
        elif parameter.arg in left:
            names[parameter.arg] = left.pop(parameter.arg)
    first_default = len(positional) - len(parameters.defaults)
    for position, parameter in enumerate(positional):
        if parameter.arg not in names:
            default = parameters.defaults[position - first_default] if position >= first_default else None
            names[parameter.arg] = _missing(run, parameter, default, is_given="**" in left)
    for parameter, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        names[parameter.arg] = (
            left.pop(parameter.arg)
            if parameter.arg in left
            else _missing(run, parameter, default, is_given="**" in left)
        )
    if parameters.vararg is not None:
        names[parameters.vararg.arg] = Items("tuple", list(args[len(positional) :]), loops=run.loops)
    if parameters.kwarg is not None:
        rest = left.pop("**", None)
        names[parameters.kwarg.arg] = Items(
            "dict", list(left.values()) + ([rest] if rest else []), whole=rest is None, keys=dict(left), loops=run.loops
        )


def _missing(run: Run, parameter: ast.arg, default: ast.expr | None, *, is_given: bool) -> Value:
    if default is not None and not is_given and not run.is_guessing:
        return run.evaluate(default)
    if parameter.annotation is not None:
        guess = by_annotation(run, run.evaluate(parameter.annotation), parameter.arg, run.place(parameter))
        if guess is not None:
            return guess
    if default is not None:
        value = run.evaluate(default)
        guess = by_name(run, parameter.arg, run.place(parameter))
        return Opaque() if isinstance(value, Const) and isinstance(guess, Opaque) else join((value, guess))
    return by_name(run, parameter.arg, run.place(parameter))
