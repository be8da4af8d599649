"""Know which module's call runs, without a hook and without a frame more in anybody's traceback.

NOTE [the code of one function]: ``Module.__call__`` is a Python function. Its code is replaced by the
same statements between two calls of ours, under the same name, file and lines. So the function stays
itself: a traceback reads as before, who compares or replaces ``Module.__call__`` finds what was there, and
torch.compile, which knows the function and goes on to ``forward``, never reads the code. Global module
hooks would take torch's slow path, warn under torch.compile and break its graphs.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

Leave = Callable[[], None]

_PLACEHOLDER = "tapelens enters a module's call here"
_FRAME = f"""\
if torch.compiler.is_compiling():
    pass
_tapelens = {_PLACEHOLDER!r}
_tapelens = _tapelens(self)
try:
    pass
finally:
    _tapelens()
"""


class ModuleTap:
    """Calls back as a module's call begins and ends, on its thread.

    Args:
        enter: Takes the module, and gives what is called when its call has ended. Neither may raise.
    """

    def __init__(self, enter: Callable[[Any], Leave]) -> None:
        self._enter = enter
        self._function: FunctionType | None = None
        self._was: CodeType | None = None
        self._put: CodeType | None = None

    def install(self) -> bool:
        """Take the place; whether it could be had."""
        module = sys.modules.get("torch.nn.modules.module")
        function = getattr(getattr(module, "Module", None), "_wrapped_call_impl", None)
        if not isinstance(function, FunctionType) or function.__code__.co_freevars:
            return False
        code = _woven(function, self._enter)
        if code is None:
            return False
        self._function, self._was, self._put = function, function.__code__, code
        function.__code__ = code
        return True

    def remove(self) -> None:
        """Give the function its own code back, unless others replaced it since. Calls that run end with ours."""
        function, self._function = self._function, None
        if function is not None and self._was is not None and function.__code__ is self._put:
            function.__code__ = self._was


def _woven(function: FunctionType, enter: Callable[[Any], Leave]) -> CodeType | None:
    """The function's statements between calls of ours; None where its source is not to be had."""
    was = function.__code__
    try:
        source = inspect.getsource(function)
        ours, theirs = _parsed(source, was), _parsed(source, was)
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    if ours is None or theirs is None:
        return None
    ours.body, ours.decorator_list = _framed(ours.body, theirs.body), []
    whole = compile(ast.Module([ours], []), was.co_filename, "exec", dont_inherit=True)
    for made in whole.co_consts:
        if isinstance(made, CodeType) and made.co_varnames[: was.co_argcount] == was.co_varnames[: was.co_argcount]:
            consts = tuple(enter if const == _PLACEHOLDER else const for const in made.co_consts)
            return _renamed(made.replace(co_consts=consts), was)
    return None


def _framed(statements: list[ast.stmt], same: list[ast.stmt]) -> list[ast.stmt]:
    """Two copies of the statements: one between our calls, one for torch.compile, which sees nothing but it."""
    frame: list[ast.stmt] = ast.parse(_FRAME).body
    for node in (node for statement in frame for node in ast.walk(statement)):
        if isinstance(node, (ast.stmt, ast.expr)):
            ast.copy_location(node, statements[0])
    for statement in frame:
        if isinstance(statement, ast.If):
            statement.body = same
        elif isinstance(statement, ast.Try):
            statement.body = statements
    return frame


def _parsed(source: str, code: CodeType) -> ast.FunctionDef | None:
    """The function with its own lines and columns: tracebacks underline by them."""
    tree = ast.parse("if True:\n" + source) if source[:1].isspace() else ast.parse("\n" + source)
    ast.increment_lineno(tree, code.co_firstlineno - 2)
    body = tree.body[0].body if isinstance(tree.body[0], ast.If) else tree.body
    return body[0] if isinstance(body[0], ast.FunctionDef) else None


def _renamed(code: CodeType, was: CodeType) -> CodeType:
    name = getattr(was, "co_qualname", None)
    return code if name is None else code.replace(co_qualname=name)  # pyright: ignore[reportCallIssue]
