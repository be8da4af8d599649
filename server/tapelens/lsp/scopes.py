"""Whether a name at one place of a file is the name that a stopped frame holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""Frames of their own before Python 3.12 (a generator's always); their names stand in the function around."""


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """One function around a place; class bodies count in names only."""

    qualified_name: str
    bound: frozenset[str]


def is_visible(source: str, *, line: int, name: str, frame: str) -> bool:
    """Whether ``name``, written on ``line``, is the variable of that name in a frame of ``frame``.

    Text that cannot be parsed is half-typed: then every name of the file is taken for the frame's.

    ``frame`` is the qualified name of the frame's function, or ``<module>``; without its classes and
    outer functions where the interpreter does not know them (before Python 3.11).
    """
    tree = _tree(source)
    if tree is None:
        return True
    while frame.endswith(_COMPREHENSIONS):
        frame = frame.rpartition(".<locals>.")[0] or "<module>"
    around = list(_scopes_around(tree, line))
    for scope in reversed(around):  # innermost first
        if scope.qualified_name == frame or scope.qualified_name.rpartition(".")[2] == frame:
            return True
        if name in scope.bound:
            return False
    return frame == "<module>"


@lru_cache(maxsize=8)
def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _scopes_around(tree: ast.Module, line: int) -> Iterator[_Scope]:
    """The functions whose body holds the line, outermost first."""
    prefix = ""
    body: list[ast.AST] = [tree]
    while body:
        node = body.pop()
        for each in _placed_children(node):
            if not each.lineno <= line <= (each.end_lineno or each.lineno):
                continue
            match each:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield _Scope(qualified_name=prefix + each.name, bound=frozenset(_bound(each)))
                    prefix += f"{each.name}.<locals>."
                case ast.ClassDef():
                    prefix += f"{each.name}."
                case _:
                    pass
            body = [each]
            break


def _placed_children(node: ast.AST) -> Iterator[ast.stmt | ast.expr | ast.excepthandler]:
    """The nearest nodes below that know where they stand; a ``match_case`` does not."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.stmt | ast.expr | ast.excepthandler):
            yield each
        else:
            yield from _placed_children(each)


def _bound(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Names that are the function's own."""
    arguments = function.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None:
            yield argument.arg
    elsewhere: set[str] = set()
    own: set[str] = set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Global() | ast.Nonlocal():
                elsewhere.update(node.names)
            case ast.Name(ctx=ast.Store() | ast.Del()):
                own.add(node.id)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                own.add(node.name)
                continue
            case ast.Lambda():
                continue
            case ast.Import() | ast.ImportFrom():
                own.update((each.asname or each.name).partition(".")[0] for each in node.names)
            case ast.ExceptHandler(name=str(caught)):
                own.add(caught)
            case _:
                pass
        waiting.extend(ast.iter_child_nodes(node))
    yield from own - elsewhere
