"""Builtins and the standard library, called."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from .acts import Placed
from .attributes import attribute
from .cuts import detached
from .loops import elements
from .reach import everything
from .run import Run
from .values import (
    Const,
    Default,
    Function,
    Instance,
    Items,
    Module,
    Opaque,
    Params,
    Partial,
    Tensor,
    Value,
    join,
)

Args = Sequence[Value]
Keywords = Mapping[str, Value]
Maker = Callable[[Run, Args, Keywords, ast.AST], Value]


def _partial(_run: Run, args: Args, keywords: Keywords, _node: ast.AST) -> Value:
    if not args:
        return Opaque()
    function, *rest = args
    if isinstance(function, Function) and function.bound is None:
        result = Function(function.file, function.node, function.scope, owner=function.owner, no_grad=function.no_grad)
        result.args, result.keywords = (*function.args, *rest), {**function.keywords, **keywords}
        return result
    return Partial(function, tuple(rest), dict(keywords))


def first_of(_run: Run, args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    """What gives back what it gets, or its items."""
    return args[0] if args else Opaque()


def nothing(_run: Run, _args: Args, _keywords: Keywords, _node: ast.AST) -> Value:
    """What has no effect here, and a result of no interest."""
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


STANDARD: dict[str, Maker] = {
    "functools.partial": _partial,
    "functools.wraps": nothing,
    "itertools.chain": _chain,
    "itertools.cycle": first_of,
    "itertools.islice": first_of,
    "copy.deepcopy": _copied,
    "copy.copy": _copied,
    "contextlib.nullcontext": nothing,
    "contextlib.suppress": _suppress,
    "dataclasses.field": _field,
    "builtins.min": _either,
    "builtins.max": _either,
    "builtins.float": _number("float()"),
    "builtins.int": _number("int()"),
    "builtins.bool": _number("bool()"),
    "builtins.str": nothing,
    "builtins.repr": nothing,
    "builtins.print": nothing,
    "builtins.len": nothing,
    "builtins.isinstance": nothing,
    "builtins.hasattr": nothing,
    "builtins.range": nothing,
    "builtins.id": nothing,
    "builtins.sum": _sum,
    "builtins.list": _list,
    "builtins.tuple": _list,
    "builtins.set": _list,
    "builtins.sorted": _list,
    "builtins.reversed": _list,
    "builtins.iter": first_of,
    "builtins.dict": _dict,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "builtins.next": _next,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.type": _type,
}
"""By dotted name."""
