"""Statements that change a tensor in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from .bindings import written
from .scopes import Scope
from .trees import walk_own

_NO_WRITE = frozenset(("requires_grad_", "share_memory_", "detach_", "retain_grad_", "unscale_", "eval_", "train_"))
_LONGEST = 80


class Write(NamedTuple):
    """One statement.

    Attributes:
        line: Where it begins.
        text: The operation as it is written, in one line.
        target: The tensor that it changes, as it is written; empty where that is no name.
    """

    line: int
    text: str
    target: str


def writes_in(scope: Scope) -> Iterator[Write]:
    """Every one in a function, in the order in which they are written."""
    for node in walk_own(scope.body):
        write = _of(node, scope)
        if write is not None:
            yield write


def write_at(tree: ast.Module, line: int) -> Write | None:
    """The only one on a line of a file."""
    found = [write for node in ast.walk(tree) if (write := _of(node, None)) is not None and write.line == line]
    return found[0] if len(found) == 1 else None


def _of(node: ast.AST, scope: Scope | None) -> Write | None:
    match node:
        case ast.AugAssign(target=ast.Subscript(value=owner)):
            return Write(node.lineno, _text(node), _base(owner))
        case ast.AugAssign(target=target):
            return Write(node.lineno, _text(node), written(target))
        case ast.Assign(targets=[ast.Subscript(value=owner)]):
            return Write(node.lineno, _text(node), _base(owner))
        case ast.Call():
            return _of_call(node, scope)
        case _:
            return None


def _of_call(call: ast.Call, scope: Scope | None) -> Write | None:
    name = ast.unparse(call.func).rpartition(".")[2]
    for keyword in call.keywords:
        if keyword.arg == "inplace" and isinstance(keyword.value, ast.Constant) and keyword.value.value and call.args:
            return Write(call.lineno, _text(call), _base(call.args[0]))
        if keyword.arg == "out":
            return Write(call.lineno, _text(call), _base(keyword.value))
    if (
        name.endswith("_")
        and not name.endswith("__")
        and name not in _NO_WRITE
        and isinstance(call.func, ast.Attribute)
    ):
        owner = call.func.value
        is_torchs = isinstance(owner, ast.Name) and owner.id in {"torch", "F", "nn", "init"}
        changed = call.args[0] if (is_torchs or "init" in ast.unparse(owner)) and call.args else owner
        return Write(call.lineno, _text(call), _base(changed))
    module = scope.value(call.func) if scope is not None and written(call.func) else None
    if module is not None and call.args and _is_inplace(module):
        return Write(call.lineno, _text(call), _base(call.args[0]))
    return None


def _is_inplace(module: object) -> bool:
    own = getattr(type(module), "__dict__", None)
    inner = module.__dict__ if own is not None and hasattr(type(module), "forward") else {}
    return inner.get("inplace") is True


def _base(expression: ast.expr) -> str:
    """The tensor whose memory an expression looks at: ``x`` of ``x[0]``, ``x.view(-1)``, ``x.data``."""
    while True:
        name = written(expression)
        if isinstance(expression, ast.Attribute) and expression.attr in {"data", "T", "mT", "H"}:
            expression = expression.value
        elif name:
            return name
        elif isinstance(expression, (ast.Subscript, ast.Attribute)):
            expression = expression.value
        elif isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
            expression = expression.func.value
        else:
            return ""


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
