"""A custom function whose backward returns nothing."""

from __future__ import annotations

import ast
from typing import Any

from ...events import Cut
from ..capture.inside import class_attribute
from .scopes import scope_of_function
from .trees import walk_own


def none_returned(kind: Any) -> Cut | None:  # noqa: ANN401 (a subclass of autograd.Function)
    """The statement by which its backward returns None for every input; None where some return gives a gradient."""
    backward = class_attribute(kind, "backward")
    function = getattr(backward, "__func__", None) if type(backward) is staticmethod else None
    while function is not None and "__wrapped__" in getattr(function, "__dict__", {}):
        function = function.__dict__["__wrapped__"]
    scope = None if function is None else scope_of_function(function, names={})
    if scope is None:
        return None
    returns = [node for node in walk_own(scope.body) if isinstance(node, ast.Return)]
    if not all(_is_nothing(node.value) for node in returns):
        return None
    line = returns[0].lineno if returns else scope.body.lineno if not isinstance(scope.body, ast.Module) else 1
    return Cut(scope.site(line), f"the backward of `{kind.__name__}` returns None, so no gradient passes it")


def _is_nothing(value: ast.expr | None) -> bool:
    match value:
        case None | ast.Constant(value=None):
            return True
        case ast.Tuple(elts=elements):
            return all(_is_nothing(each) for each in elements)
        case _:
            return False
