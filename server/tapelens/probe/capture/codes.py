"""Where a piece of the user's code was written, and what to call it."""

from __future__ import annotations

import functools
import types
from typing import Any

from ...wire.sites import Site
from ..sites import code_site


def callable_name(hook: Any) -> tuple[str, types.CodeType | None]:  # noqa: ANN401 (anything that can be called)
    """What a person calls a callable, and its Python code; nothing of the user's is run to tell.

    A partial is called by its inner function, with its first argument where that is a string:
    ``f("y1")``.
    """
    kind = type(hook)
    if functools.partial in kind.__mro__:
        name, code = callable_name(functools.partial.func.__get__(hook))  # pyright: ignore[reportAttributeAccessIssue]
        arguments = functools.partial.args.__get__(hook)  # pyright: ignore[reportAttributeAccessIssue]
        told = arguments[0] if arguments and type(arguments[0]) is str else None
        return (f'{name}("{told[:40]}")' if told is not None else name), code
    if kind is types.MethodType:
        return callable_name(hook.__func__)
    if kind is types.FunctionType:
        return hook.__qualname__.rpartition("<locals>.")[2], hook.__code__
    if kind in (types.BuiltinFunctionType, type):
        return str(hook.__qualname__).rpartition("<locals>.")[2], None
    called = next((base.__dict__["__call__"] for base in kind.__mro__ if "__call__" in base.__dict__), None)
    return kind.__qualname__, called.__code__ if type(called) is types.FunctionType else None


def callable_site(name: str, code: types.CodeType | None) -> Site | None:
    """Where a callable was written; None for one without Python code."""
    return None if code is None else code_site(code, line=max(1, code.co_firstlineno), function=name)


def class_site(kind: type) -> Site | None:
    """The site of a class: its first function's, for one whose own line Python does not keep."""
    codes = [
        code
        for value in kind.__dict__.values()
        if (code := callable_name(value.__func__ if type(value) in (staticmethod, classmethod) else value)[1])
        is not None
    ]
    if not codes:
        return None
    first = min(codes, key=lambda code: code.co_firstlineno)
    line = kind.__dict__.get("__firstlineno__", first.co_firstlineno)  # Python 3.13 keeps the class's own
    return code_site(first, line=line, function=kind.__qualname__)
