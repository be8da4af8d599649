"""The line of the user's that writes values past the version counter, told from the program's text."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator
from types import FrameType
from typing import NamedTuple

from ...wire.sites import Site
from ..sites import user_frames, written_site

_FRAMES = 3
_SIDESTEPS = frozenset({"data", "numpy"})
"""``w.data`` and ``w.numpy()`` share memory and no version counter."""


class _Write(NamedTuple):
    """A statement that writes."""

    line: int
    function: str


def line_that_writes(frame: FrameType | None) -> Site | None:
    """The only statement of the function, or else of the file, that writes so; frames from inside out."""
    for each, _ in zip(user_frames(frame), range(_FRAMES), strict=False):
        code = each.f_code
        writes = _writes_in(code.co_filename)
        here = [write for write in writes if write.function.rpartition(".")[2] == code.co_name]
        for found in (here, writes):
            if len(found) == 1:
                return written_site(code.co_filename, found[0].line, found[0].function)
    return None


@functools.lru_cache(maxsize=64)
def _writes_in(file: str) -> tuple[_Write, ...]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(_search(tree, "<module>"))


def _search(node: ast.AST, function: str) -> Iterator[_Write]:
    for child in ast.iter_child_nodes(node):
        inner = function
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = child.name if function == "<module>" else f"{function}.{child.name}"
        elif isinstance(child, ast.stmt) and _is_write(child):
            yield _Write(child.lineno, function)
        yield from _search(child, inner)


def _is_write(statement: ast.stmt) -> bool:
    match statement:
        case ast.AugAssign(target=target):
            return _sidesteps(target)
        case ast.Assign(targets=targets):
            return any(_sidesteps(target) for target in targets)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=receiver, attr=name))):
            return name.endswith("_") and not name.endswith("__") and _sidesteps(receiver)
        case _:
            return False


def _sidesteps(target: ast.expr) -> bool:
    """``w.data``, ``w.data[0]``, ``w.detach().numpy()[:]``, ``module.weight.data.view(-1)``."""
    while True:
        match target:
            case ast.Attribute(attr=name, value=value):
                if name in _SIDESTEPS and not _is_gradient(value):
                    return True
                target = value
            case ast.Subscript(value=value) | ast.Call(func=value):
                target = value
            case _:
                return False


def _is_gradient(value: ast.expr) -> bool:
    """``w.grad.data.zero_()`` writes no parameter."""
    return isinstance(value, ast.Attribute) and value.attr == "grad"
