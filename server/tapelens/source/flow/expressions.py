"""Expressions."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Any

from .arithmetic import as_operand, combine
from .assignments import assign, part_of
from .attributes import attribute
from .calls import call, define_lambda
from .cuts import cut
from .loops import elements, exact_items
from .run import Run
from .truths import is_none, truth
from .values import Choice, Class, Const, Grad, Instance, Items, Module, Named, Opaque, Params, Tensor, Value, join

_BUILTINS = frozenset(dir(builtins))


def evaluate(run: Run, node: ast.expr) -> Value:
    """What it gives, with what it does."""
    run.left -= 1
    if run.left < 0:
        run.spend()
    handler = _EXPRESSIONS.get(type(node))
    return handler(run, node) if handler is not None else Opaque()


def _constant(_run: Run, node: ast.Constant) -> Value:
    return Const(node.value)


def _name(run: Run, node: ast.Name) -> Value:
    found = run.frame.scope.find(node.id)
    if found is not None:
        return found
    if node.id == "__name__":
        return Const("__main__")
    return Named(f"builtins.{node.id}") if node.id in _BUILTINS else Opaque(name=node.id)


def _attribute(run: Run, node: ast.Attribute) -> Value:
    return attribute(run, evaluate(run, node.value), node.attr, node)


def _binary(run: Run, node: ast.BinOp) -> Value:
    return combine(run, node, evaluate(run, node.left), evaluate(run, node.right), node.op)


def _unary(run: Run, node: ast.UnaryOp) -> Value:
    value = evaluate(run, node.operand)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        return Opaque() if known is None else Const(not known)
    value = as_operand(run, value, node)
    if isinstance(value, Tensor):
        return run.tensor(node, value, saves=False, sure=value.sure)
    if isinstance(value, Const) and isinstance(node.op, ast.USub) and isinstance(value.value, (int, float)):
        return Const(-value.value)
    return Opaque()


def _boolean(run: Run, node: ast.BoolOp) -> Value:
    stops = isinstance(node.op, ast.Or)
    values: list[Value] = []
    for part in node.values:
        value = evaluate(run, part)
        known = truth(value)
        if known is not None and part is not node.values[-1]:
            if known is stops:
                values.append(value)
                return join(values)
            continue
        values.append(value)
    if all(isinstance(value, Const) for value in values):
        return join(values)
    return join(values)


def _compare(run: Run, node: ast.Compare) -> Value:
    left = evaluate(run, node.left)
    rights = [evaluate(run, right) for right in node.comparators]
    if len(rights) == 1:
        operator, right = node.ops[0], rights[0]
        if isinstance(operator, (ast.Is, ast.IsNot)) and isinstance(right, Const) and right.value is None:
            known = is_none(left)
            return Opaque() if known is None else Const(known is isinstance(operator, ast.Is))
        if isinstance(left, Const) and isinstance(right, Const) and isinstance(operator, (ast.Eq, ast.NotEq)):
            return Const((left.value == right.value) is isinstance(operator, ast.Eq))
        if isinstance(left, Named) and left.name == "__imported__":
            return Const(isinstance(operator, ast.NotEq))
    if any(isinstance(each, Tensor) and each.sure for each in (left, *rights)):
        result = Tensor(run.place(node), grad=False, leaf=True, loops=run.loops)
        result.cut = cut(run, (left, *rights), node, "a comparison")
        return result
    return Opaque()


def _conditional(run: Run, node: ast.IfExp) -> Value:
    known = truth(evaluate(run, node.test))
    if known is not None:
        return evaluate(run, node.body if known else node.orelse)
    branch = run.number()
    with run.guarded(branch, 0):
        one = evaluate(run, node.body)
    with run.guarded(branch, 1):
        other = evaluate(run, node.orelse)
    return join((one, other))


def _subscript(run: Run, node: ast.Subscript) -> Value:
    return item(run, evaluate(run, node.value), evaluate(run, node.slice), node)


def item(run: Run, owner: Value, key: Value, node: ast.AST) -> Value:
    """``owner[key]``."""
    match owner:
        case Tensor(sure=True):
            view = run.tensor(node, owner, saves=False)
            view.storage = owner.storage
            return view
        case Tensor():
            return part_of(run, owner, node, node)
        case Items(keys=dict(keys)) if isinstance(key, Const) and owner.whole:
            return keys.get(key.value) or Opaque()
        case Items(items=items) if isinstance(key, Const) and isinstance(key.value, int) and not owner.keys:
            if owner.whole and -len(items) <= key.value < len(items):
                return items[key.value]
            return join(items) if items else Opaque()
        case Items(items=items, factory=Value() as factory) if not items:
            made = run.call(factory, (), {}, node)
            if isinstance(made, Items):
                made.loops, made.variable = owner.loops, owner.variable
            items.append(made)
            return made
        case Items(items=items):
            return join(items) if items else Opaque()
        case Params():
            if isinstance(key, Const) and isinstance(key.value, str) and key.value != "params":
                return Opaque()
            return owner
        case Grad():
            return owner
        case Module() | Instance(is_module=True):
            return _part(run, owner, key, node)
        case Choice(options=options):
            return join(item(run, option, key, node) for option in options)
        case Named() | Class():
            return owner  # Generic[T]
        case Opaque():
            return owner.part()
        case _:
            return Opaque(reach=(owner,))


def _part(run: Run, owner: Module | Instance, key: Value, node: ast.AST) -> Value:
    name = f"[{key.value!r}]" if isinstance(key, Const) else "[?]"
    known = owner.attributes.get(name)
    if known is None:
        known = Module(run.place(node), name, guessed=True, has_parameters=None, loops=owner.loops)
        owner.attributes[name] = known
        owner.parts.append(known)
    return known


def _sequence(run: Run, node: ast.Tuple | ast.List | ast.Set) -> Value:
    items: list[Value] = []
    whole = True
    for element in node.elts:
        if isinstance(element, ast.Starred):
            value = evaluate(run, element.value)
            exact = exact_items(value)
            items.extend([elements(run, value, node)] if exact is None else exact)
            if exact is None:
                if isinstance(value, Params):
                    items[-1] = Params(value.of)
                whole = False
        else:
            items.append(evaluate(run, element))
    kind = "tuple" if isinstance(node, ast.Tuple) else "list" if isinstance(node, ast.List) else "set"
    return Items(kind, items, whole=whole, loops=run.loops, place=run.place(node))


def _dictionary(run: Run, node: ast.Dict) -> Value:
    keys: dict[Any, Value] | None = {}
    items: list[Value] = []
    for key, value in zip(node.keys, node.values, strict=True):
        held = evaluate(run, value)
        items.append(held)
        if isinstance(key, ast.Constant) and keys is not None:
            keys[key.value] = held
        else:
            keys = None
    whole = keys is not None
    return Items("dict", items, whole=whole, keys=keys, loops=run.loops, place=run.place(node))


def _comprehension(run: Run, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    items: list[Value] = []
    names = run.frame.scope.names
    before = dict(names)
    outer, guards = run.loops, run.guards
    whole = _comprehend(run, node, 0, items)
    run.loops, run.guards = outer, guards
    for name in [name for name in names if name not in before]:
        del names[name]
    names.update(before)
    return Items("list", items, whole=whole, loops=run.loops, place=run.place(node))


def _comprehend(
    run: Run, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, depth: int, items: list[Value]
) -> bool:
    if depth == len(node.generators):
        if isinstance(node, ast.DictComp):
            evaluate(run, node.key)
            items.append(evaluate(run, node.value))
        else:
            items.append(evaluate(run, node.elt))
        return True
    generator: ast.comprehension = node.generators[depth]
    iterable = evaluate(run, generator.iter)
    exact = exact_items(iterable)
    loop = run.number()
    run.loop_nodes[loop] = node
    outer, guards = run.loops, run.guards
    whole = exact is not None and not generator.ifs
    for turn in range(2 if exact is None else len(exact)):
        run.loops, run.guards = (*outer, (loop, turn)), guards
        assign(run, generator.target, elements(run, iterable, node) if exact is None else exact[turn], node)
        skipped = False
        for test in generator.ifs:
            known = truth(evaluate(run, test))
            if known is None:
                run.guards = (*run.guards, (run.number(), 0))
            skipped = skipped or known is False
        if not skipped:
            whole = _comprehend(run, node, depth + 1, items) and whole
    run.loops, run.guards = outer, guards
    return whole


def _lambda(run: Run, node: ast.Lambda) -> Value:
    return define_lambda(run, node)


def _format(run: Run, node: ast.JoinedStr) -> Value:
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            evaluate(run, part.value)
    return Opaque()


def _walrus(run: Run, node: ast.NamedExpr) -> Value:
    value = evaluate(run, node.value)
    assign(run, node.target, value, node)
    return value


def _inner(run: Run, node: ast.Await | ast.Starred) -> Value:
    return evaluate(run, node.value)


def _yield(run: Run, node: ast.Yield) -> Value:
    if node.value is not None:
        run.frame.yields.append(evaluate(run, node.value))
    return Opaque()


def _yield_from(run: Run, node: ast.YieldFrom) -> Value:
    run.frame.yields.append(elements(run, evaluate(run, node.value), node))
    return Opaque()


def _slice(run: Run, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            evaluate(run, part)
    return Opaque()


_EXPRESSIONS: dict[type[ast.expr], Callable[[Run, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dictionary,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Lambda: _lambda,
    ast.JoinedStr: _format,
    ast.NamedExpr: _walrus,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Slice: _slice,
}
