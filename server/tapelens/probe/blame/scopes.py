"""A function that runs, or that one that runs has called: its source, and what its names mean."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...wire.sites import Site
from ..capture.inside import class_attribute, element, member
from ..capture.variables import local_variables
from ..sites import code_site, is_user_file, user_frames
from .running import running_call
from .trees import Body, body_of, tree_of

_FRAMES = 8
_END = 1 << 30


@dataclass(eq=False)
class Scope:
    """One function.

    Attributes:
        code: Of the function.
        body: Its source.
        line: Where it stands, or its end where it has returned.
        names: Its variables, as far as they are known. Drop the scope before the program goes on.
        home: Its globals.
        caller: Who called it, None when that is not known.
        call: How.
        assumed: Arguments that are taken to have a path to something.
    """

    code: types.CodeType
    body: Body
    line: int
    names: dict[str, Any]
    home: dict[str, Any]
    caller: Scope | None = None
    call: ast.Call | None = None
    assumed: frozenset[str] = frozenset()

    def site(self, line: int) -> Site:
        """A line of it."""
        whole = isinstance(self.body, ast.Module)
        function = "<module>" if whole else getattr(self.code, "co_qualname", self.code.co_name)
        return code_site(self.code, line=line, function=function)

    def value(self, expression: ast.expr) -> Any:  # noqa: ANN401 (any value of the user's)
        """What a name, an attribute or a constant subscript means here as it lies there; None for nothing."""
        match expression:
            case ast.Name(id=name):
                if name in self.names:
                    return self.names[name]
                given = self.argument(name)
                if given is not None and self.caller is not None:
                    return self.caller.value(given)
                return self.home.get(name)
            case ast.Attribute(value=owner, attr=name):
                return _attribute(self.value(owner), name)
            case ast.Subscript(value=owner, slice=ast.Constant(value=key)):
                return element(self.value(owner), key)
            case _:
                return None

    def parameters(self) -> list[str]:
        """Names of its arguments, those by position first."""
        if isinstance(self.body, ast.Module):
            return []
        given = self.body.args
        return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]

    def argument(self, name: str) -> ast.expr | None:
        """What the caller wrote for one of its arguments."""
        if self.call is None or name not in self.parameters():
            return None
        for keyword in self.call.keywords:
            if keyword.arg == name:
                return keyword.value
        index = self.parameters().index(name) - (1 if self.is_method else 0)
        if 0 <= index < len(self.call.args) and not any(isinstance(each, ast.Starred) for each in self.call.args):
            return self.call.args[index]
        return None

    def module(self) -> Scope | None:
        """The module that a function is in."""
        tree = None if isinstance(self.body, ast.Module) else tree_of(self.code.co_filename)
        return None if tree is None else Scope(self.code, tree, _END, self.home, self.home)

    @property
    def is_method(self) -> bool:
        """Its first argument is not written in the call."""
        return self.parameters()[:1] in (["self"], ["cls"], ["ctx"])

    def methods(self) -> Iterator[Scope]:
        """Other methods of the class of its ``self``, written by the user."""
        owner = self.names.get("self")
        for kind in type(owner).__mro__ if owner is not None else ():
            for value in list(kind.__dict__.values()):
                if type(value) is types.FunctionType and value.__code__ is not self.code:
                    scope = scope_of_function(value, names={"self": owner})
                    if scope is not None:
                        yield scope


def scopes_of(frame: types.FrameType | None) -> list[Scope]:
    """The user's frames, the innermost first, each with its caller."""
    found: list[Scope] = []
    for each in user_frames(frame):
        scope = scope_of_frame(each)
        if scope is None:
            break
        if found:
            found[-1].caller, found[-1].call = scope, running_call(each)
        found.append(scope)
        if len(found) == _FRAMES:
            break
    return found


def scope_of_frame(frame: types.FrameType, *, line: int | None = None) -> Scope | None:
    """One frame as it stands, or as it stood at a line; None without its source."""
    body = body_of(frame.f_code)
    if body is None:
        return None
    return Scope(frame.f_code, body, line or frame.f_lineno or 0, local_variables(frame), frame.f_globals)


def scope_of_function(
    function: types.FunctionType, *, names: dict[str, Any], caller: Scope | None = None, call: ast.Call | None = None
) -> Scope | None:
    """A function of the user's that has returned."""
    code = function.__code__
    if code.co_filename[:1] != "<" and not is_user_file(code.co_filename):
        return None
    body = body_of(code) if tree_of(code.co_filename) is not None else None
    if body is None:
        return None
    end = getattr(body, "end_lineno", None) or code.co_firstlineno
    cells = dict(zip(code.co_freevars, map(_content, function.__closure__ or ()), strict=False))
    return Scope(code, body, end + 1, {**cells, **names}, function.__globals__, caller, call)


def _content(cell: types.CellType) -> Any:  # noqa: ANN401
    try:
        return cell.cell_contents
    except ValueError:  # not yet set
        return None


def _attribute(owner: Any, name: str) -> Any:  # noqa: ANN401 (any value of the user's)
    if owner is None:
        return None
    if type(owner) is types.ModuleType:
        return vars(owner).get(name)
    if type in type(owner).__mro__:
        return class_attribute(owner, name)
    found = member(owner, name)
    return class_attribute(type(owner), name) if found is None else found
