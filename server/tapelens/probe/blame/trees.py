"""The source of the user's functions as trees, with the file's own line numbers."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator
from types import CodeType

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Body = Function | ast.Module

_LONGEST = 1 << 21  # characters of a file that is parsed


def body_of(code: CodeType) -> Body | None:
    """The function or module that the code was compiled from; of a comprehension the one around it."""
    tree = tree_of(code.co_filename)
    if tree is None:
        return None
    name, first = code.co_name, code.co_firstlineno
    if name.startswith("<") and name != "<lambda>":
        around = (
            [each for each in _functions(tree) if _is_within(each, first)] if name.endswith(("comp>", "expr>")) else []
        )
        return around[-1] if around else tree
    named = [each for each in _functions(tree) if _first_line(each) == first and _name(each) == name]
    return named[0] if len(named) == 1 else None


def tree_of(path: str) -> ast.Module | None:
    """A file's tree, None for one that is not at hand, too long or not Python."""
    text = "".join(linecache.getlines(path))
    return _parse(text) if text and len(text) <= _LONGEST else None


def walk_own(body: ast.AST) -> Iterator[ast.AST]:
    """Every node of a body, functions and classes inside left out, in the order in which they are written."""
    for child in ast.iter_child_nodes(body):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from walk_own(child)


def parents_within(body: ast.AST, node: ast.AST) -> list[ast.AST]:
    """What stands around a node inside a body, the innermost first."""
    above = _parents(body)
    found: list[ast.AST] = []
    each = above.get(node)
    while each is not None and each is not body:
        found.append(each)
        each = above.get(each)
    return found


@functools.lru_cache(maxsize=16)
def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@functools.lru_cache(maxsize=64)
def _parents(body: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(body) for child in ast.iter_child_nodes(node)}


@functools.lru_cache(maxsize=16)
def _functions(tree: ast.Module) -> tuple[Function, ...]:
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
    return tuple(sorted(found, key=lambda node: node.lineno))


def _first_line(function: Function) -> int:
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    return min(node.lineno for node in (function, *decorators))


def _name(function: Function) -> str:
    return "<lambda>" if isinstance(function, ast.Lambda) else function.name


def _is_within(function: Function, line: int) -> bool:
    return function.lineno <= line <= (function.end_lineno or function.lineno)
