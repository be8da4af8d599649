"""Functions of the user's that the frames that run have called, as far as their source and variables tell."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterator
from typing import Any

from ..capture.inside import class_attribute, dict_items, own_dict
from .flow import called_scope
from .scopes import Scope, scope_of_function
from .trees import walk_own

_FUNCTIONS = 200


def functions_reached(scopes: list[Scope]) -> Iterator[Scope]:
    """Each once: what is called, forwards of modules that are called, and of those inside them."""
    seen = {id(scope.body) for scope in scopes}
    waiting = list(scopes)
    for scope in waiting:  # grows while we walk it
        for node in walk_own(scope.body):
            if not isinstance(node, ast.Call):
                continue
            for inner in _called(node, scope):
                if id(inner.body) not in seen and len(waiting) < _FUNCTIONS:
                    seen.add(id(inner.body))
                    waiting.append(inner)
                    yield inner


def _called(call: ast.Call, scope: Scope) -> Iterator[Scope]:
    value = scope.value(call.func)
    if sys.modules["torch"].nn.Module in type(value).__mro__:
        yield from _forwards(value)
        return
    inner = called_scope(call, scope)
    if inner is not None:
        yield inner


def _forwards(module: Any) -> Iterator[Scope]:  # noqa: ANN401 (an nn.Module)
    waiting = [module]
    for each in waiting:  # grows while we walk it
        forward = class_attribute(type(each), "forward")
        inner = scope_of_function(forward, names={"self": each}) if type(forward) is types.FunctionType else None
        if inner is not None:
            yield inner
        if len(waiting) < _FUNCTIONS:
            waiting += [child for _, child in dict_items((own_dict(each) or {}).get("_modules")) if child is not None]
