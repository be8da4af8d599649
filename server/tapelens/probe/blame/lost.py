"""A leaf in whose place a result of it stands: the statement that put it there."""

from __future__ import annotations

import ast
import sys
from types import FrameType, TracebackType
from typing import Any

from ...events import Lost
from ...wire.sites import Site
from ..capture.guards import collector_held, undisturbed
from ..capture.names import Reach
from ..capture.reading import read_tensor
from ..capture.variables import local_variables
from ..guard import text_of
from ..landings import land
from ..sites import owner_of
from .bindings import Binding, bindings, written
from .flow import called_scope
from .scopes import Scope, scope_of_frame, scopes_of
from .trees import walk_own

_NODES = 8
_TENSORS = 2000
_VALUES = 10_000
_FRAMES = 4
_HOPS = 8
_REFUSES = "can't optimize a non-leaf Tensor"
_MAKES_LEAVES = ("requires_grad", "Parameter(", "Variable(")


def find_lost(tensor: Any, expression: ast.expr, scopes: list[Scope]) -> Lost | None:  # noqa: ANN401 (a tensor)
    """Whether a tensor stands in the place of a leaf that no variable names any more. Call it undisturbed.

    Args:
        tensor: No leaf.
        expression: How it is written in the innermost scope.
        scopes: The frames that run.
    """
    leaf = _only_leaf(tensor)
    if leaf is None or leaf.numel() != tensor.numel() or _is_named(leaf, scopes):
        return None
    return _statement_of(expression, scopes[0])


def lost_by(error: BaseException) -> Lost | None:
    """Of an optimizer that refused a tensor for being no leaf; None for any other exception."""
    if type(error) is not ValueError or _REFUSES not in text_of(error):
        return None
    with collector_held(), undisturbed():
        user, refused = _refused(error.__traceback__)
        if user is None:
            return None
        frame, line = user
        scope = scope_of_frame(frame, line=line)
        if scope is None or not _is_tensor(refused) or read_tensor(refused).is_leaf == 1:
            return None
        scopes = [scope, *scopes_of(frame.f_back)]
        for each in scopes[:_FRAMES]:
            name = _name_of(refused, each)
            found = None if name is None else _statement_of(name, each)
            if found is not None:
                return found
        return Lost(name="", written="", site=scope.site(line), leaf_made=None)


def _refused(trace: TracebackType | None) -> tuple[tuple[FrameType, int] | None, Any]:
    """The innermost user's frame of a traceback with its line, and the tensor that torch's innermost one names."""
    user: tuple[FrameType, int] | None = None
    refused: Any = None
    while trace is not None:
        owner = owner_of(trace.tb_frame)
        if owner == "user":
            user = trace.tb_frame, trace.tb_lineno
        elif owner == "torch":
            refused = local_variables(trace.tb_frame).get("param", refused)
        trace = trace.tb_next
    return user, refused


def _name_of(tensor: object, scope: Scope) -> ast.expr | None:
    reach = Reach(tensors=_TENSORS, values=_VALUES)
    reach.walk([(name, value) for name, value in scope.names.items() if not name.startswith("__")])
    found = reach.tensors.get(id(tensor))
    try:
        return None if found is None else ast.parse(found.names[0], mode="eval").body
    except SyntaxError:
        return None


def _only_leaf(tensor: Any) -> Any:  # noqa: ANN401 (tensors)
    """The one leaf below a tensor, a few operations away; None where it is otherwise."""
    order = [read_tensor(tensor).node]
    leaves: dict[int, Any] = {}
    for node in order:  # grows while we walk it
        for target, _ in () if node is None else node.next_functions:
            if target is None:
                continue
            if type(target).__name__ == "AccumulateGrad":
                leaves[id(target.variable)] = target.variable
            elif target not in order:
                order.append(target)
        if len(order) > _NODES:
            return None
    land(node for node in order if node is not None)
    return next(iter(leaves.values())) if len(leaves) == 1 else None


def _is_named(leaf: object, scopes: list[Scope]) -> bool:
    for scope in scopes[:_FRAMES]:
        reach = Reach(tensors=_TENSORS, values=_VALUES)
        reach.walk([*scope.names.items(), *((name, scope.home.get(name)) for name in scope.code.co_names)])
        if id(leaf) in reach.tensors:
            return True
    return False


def _statement_of(expression: ast.expr, scope: Scope) -> Lost | None:
    """Back from a name to the statement by which it got its value."""
    name = written(expression)
    for _ in range(_HOPS):
        binding, scope = _latest(expression, scope)
        if binding is None:
            return None
        value = _item(binding, expression)
        into = called_scope(value, scope) if isinstance(value, ast.Call) else None
        if into is not None:
            returns = [node.value for node in walk_own(into.body) if isinstance(node, ast.Return) and node.value]
            if len(returns) != 1:
                return _told(name, binding, value, scope)
            value = returns[0]
            if isinstance(value, ast.Tuple) and 0 <= binding.item < len(value.elts):
                value = value.elts[binding.item]
            if not written(value):
                return Lost(name=name, written=ast.unparse(value), site=into.site(value.lineno), leaf_made=None)
            scope = into
        elif not written(value):
            return _told(name, binding, value, scope)
        expression = value
    return None


def _latest(expression: ast.expr, scope: Scope) -> tuple[Binding | None, Scope]:
    """The statement that last bound it: here, where it was handed in, in another method, or what it is an item of."""
    name = written(expression)
    found = _replacing(scope, name)
    if found is not None:
        return found, scope
    given = scope.argument(name)
    if given is not None and scope.caller is not None:
        return _latest(given, scope.caller)
    for method in scope.methods() if name.startswith("self.") else ():
        found = _replacing(method, name)
        if found is not None:
            return found, method
    if isinstance(expression, ast.Subscript):
        return _latest(expression.value, scope)
    module = scope.module() if isinstance(expression, ast.Name) and name in scope.home else None
    return (None, scope) if module is None else _latest(expression, module)


def _replacing(scope: Scope, name: str) -> Binding | None:
    """The last statement before the scope's line that binds the name to no leaf, else the last one after, in a loop."""
    found = [each for each in bindings(scope.body, name) if not each.keeps and not _makes_leaf(each.value)]
    before = [each for each in found if each.line < scope.line]
    return max(before or found, key=lambda each: each.line, default=None)


def _makes_leaf(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(attr="requires_grad_")):
            return True
        case ast.Call(func=function, keywords=keywords):
            if ast.unparse(function).rpartition(".")[2] in {"Parameter", "Variable"}:
                return True
            return any(each.arg == "requires_grad" for each in keywords)
        case _:
            return False


def _item(binding: Binding, expression: ast.expr) -> ast.expr:
    """Of a dict or list that is written out, the item that is meant."""
    value = binding.value
    key = expression.slice if isinstance(expression, ast.Subscript) else None
    if isinstance(key, ast.Constant) and isinstance(value, ast.Dict):
        for each, item in zip(value.keys, value.values, strict=True):
            if isinstance(each, ast.Constant) and each.value == key.value:
                return item
    if isinstance(key, ast.Constant) and isinstance(value, (ast.List, ast.Tuple)) and type(key.value) is int:
        return value.elts[key.value] if -len(value.elts) <= key.value < len(value.elts) else value
    return value


def _told(name: str, binding: Binding, value: ast.expr, scope: Scope) -> Lost:
    line = value.lineno if isinstance(binding.value, (ast.Dict, ast.List, ast.Tuple)) else binding.line
    return Lost(name=name, written=ast.unparse(value), site=scope.site(line), leaf_made=_leaf_made(name, line, scope))


def _leaf_made(name: str, line: int, scope: Scope) -> Site | None:
    """An earlier statement of the same name that makes a leaf."""
    for binding in bindings(scope.body, name):
        text = ast.unparse(binding.value)
        if binding.line != line and any(mark in text for mark in _MAKES_LEAVES):
            return scope.site(binding.line)
    return None


def _is_tensor(value: object) -> bool:
    return sys.modules["torch"].Tensor in type(value).__mro__
