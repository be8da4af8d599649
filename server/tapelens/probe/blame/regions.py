"""Where grad mode is off, as the source says."""

from __future__ import annotations

import ast
from typing import NamedTuple

from .trees import Body, parents_within

_OFF = frozenset(("no_grad", "inference_mode"))


class Region(NamedTuple):
    """What switches grad mode off for a stretch of source.

    Attributes:
        line: Where that is said.
        what: A clause that says so.
        function: Of a statement that does it for good, the function that it stands in.
    """

    line: int
    what: str
    function: str = ""


def region_around(body: Body, node: ast.AST) -> Region | None:
    """The innermost ``with`` around a node that decides, else what decorates the function; None where it stays on."""
    for around in parents_within(body, node):
        if isinstance(around, (ast.With, ast.AsyncWith)):
            for item in reversed(around.items):
                state = _state(item.context_expr)
                if state is not None:
                    return None if state else _region(item.context_expr, f"with {ast.unparse(item.context_expr)}:")
    decorators = [] if isinstance(body, (ast.Module, ast.Lambda)) else body.decorator_list
    for decorator in decorators:
        state = _state(decorator)
        if state is not None:
            return None if state else _region(decorator, f"@{ast.unparse(decorator)}")
    return None


def switched_off(tree: ast.Module) -> Region | None:
    """A statement ``set_grad_enabled(False)`` of its own in a file; the last one."""
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_set_off(node.value)
    ]
    if not found:
        return None
    last = max(found, key=lambda call: call.lineno)
    around = [each.name for each in parents_within(tree, last) if isinstance(each, (ast.FunctionDef, ast.ClassDef))]
    return _region(last, ast.unparse(last))._replace(function=".".join(reversed(around)) or "<module>")


def _region(node: ast.expr, text: str) -> Region:
    return Region(node.lineno, f"`{text}` switches grad mode off")


def _state(context: ast.expr) -> bool | None:
    """Whether grad mode is on in it; None for what does not decide that."""
    call = context if isinstance(context, ast.Call) else None
    name = ast.unparse(context if call is None else call.func).rpartition(".")[2]
    if name in _OFF:
        off = (
            call is None
            or not call.args
            or not isinstance(call.args[0], ast.Constant)
            or call.args[0].value is not False
        )
        return not off
    if name == "enable_grad":
        return True
    if name == "set_grad_enabled" and call is not None and call.args and isinstance(call.args[0], ast.Constant):
        return bool(call.args[0].value)
    return None


def _is_set_off(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] == "set_grad_enabled" and _state(call) is False
