"""The statements that give a name its value."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from .trees import Body, walk_own

_GROWS = frozenset(("append", "extend", "add", "insert", "appendleft"))


class Binding(NamedTuple):
    """One statement.

    Attributes:
        statement: What binds.
        value: From which the name's value comes.
        item: Which item of it, where it is unpacked; -1 for the whole.
        keeps: The name's earlier value is in it, too (``total += loss``, ``.append(loss)``).
    """

    statement: ast.AST
    value: ast.expr
    item: int = -1
    keeps: bool = False

    @property
    def line(self) -> int:
        """Where it begins."""
        return getattr(self.statement, "lineno", self.value.lineno)


def reaching(body: Body, name: str, line: int) -> list[Binding]:
    """What may have given the name its value before a line is run: the last one that does not keep, and what follows.

    Args:
        body: Of the function.
        name: As written: ``loss``, ``self.loss``.
        line: Where the value is used.
    """
    everywhere = sorted(bindings(body, name), key=lambda binding: binding.line)
    before = [binding for binding in everywhere if binding.line < line] or everywhere
    for index in range(len(before) - 1, -1, -1):
        if not before[index].keeps:
            return before[index:]
    return before


def bindings(body: Body, name: str) -> Iterator[Binding]:
    """Every statement that binds the name."""
    for node in walk_own(body):
        yield from _of(node, name)
        yield from _of_block(node, name)


def written(expression: ast.expr) -> str:
    """A name or an attribute of one as it is written; empty for anything else."""
    match expression:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name):
            before = written(owner)
            return f"{before}.{name}" if before else ""
        case ast.Subscript(value=owner, slice=ast.Constant(value=key)):
            before = written(owner)
            return f"{before}[{key!r}]" if before else ""
        case _:
            return ""


def _of(node: ast.AST, name: str) -> Iterator[Binding]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpacked(node, target, value, name)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            if written(target) == name:
                yield Binding(node, value)
        case ast.AugAssign(target=target, value=value) if written(target) == name:
            yield Binding(node, value, keeps=True)
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[*_, last]) if method in _GROWS:
            if written(owner) == name:
                yield Binding(node, last, keeps=True)
        case _:
            return


def _of_block(node: ast.AST, name: str) -> Iterator[Binding]:
    """By what it goes through, or in what it stands."""
    match node:
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            if any(written(each) == name for each in _targets(target)):
                yield Binding(node, value)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target) if written(target) == name:
            yield Binding(value, value)
        case _:
            return


def _unpacked(statement: ast.AST, target: ast.expr, value: ast.expr, name: str) -> Iterator[Binding]:
    if not isinstance(target, (ast.Tuple, ast.List)):
        if written(target) == name or (isinstance(target, ast.Subscript) and written(target.value) == name):
            yield Binding(statement, value, keeps=written(target) != name)
        return
    for index, each in enumerate(target.elts):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            yield from _unpacked(statement, each, value.elts[index], name)
        elif written(each) == name:
            yield Binding(statement, value, index)


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _targets(each)
    else:
        yield target
