"""Values that leave the graph."""

from __future__ import annotations

import ast

from .run import Run
from .values import Choice, Cut, Items, Opaque, Params, Tensor, Value


def cut(run: Run, values: tuple[Value, ...], at: ast.AST, how: str) -> Cut | None:
    """Where a graph ends; an earlier end if there was one, nothing where there was no graph."""
    for value in values:
        if isinstance(value, Tensor):
            if value.cut is not None:
                return value.cut
            if value.grad is not False:
                return Cut(run.place(at), how, value.node)
        elif isinstance(value, (Items, Choice)):
            inner = tuple(value.items if isinstance(value, Items) else value.options)
            found = cut(run, inner, at, how)
            if found is not None:
                return found
        elif isinstance(value, Params) and value.single:
            return Cut(run.place(at), how, None)
    return None


def detached(run: Run, value: Value, at: ast.AST, how: str, *, sure: bool = True) -> Tensor:
    """The value without its graph. ``sure``: it is a tensor still, and no number."""
    result = Tensor(run.place(at), grad=False, leaf=True, sure=sure, loops=run.loops)
    result.cut = cut(run, (value,), at, how)
    if isinstance(value, Tensor):
        result.storage = value.storage
        result.of_grad = value.of_grad
    elif isinstance(value, Opaque):
        result.reach = value.reach
    return result
