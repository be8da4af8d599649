"""Be called as a function of torch's begins and ends, without a wrapper and without a frame more in a traceback.

NOTE [the code of one function]: the function's code is replaced by the same statements between two calls
of ours, under the same name, file and lines. So the function stays itself: a traceback reads as before,
who compares or replaces it finds what was there, and torch.compile sees the plain statements. Where
several listen, each is called from this one frame, so that nobody hides another.
"""

from __future__ import annotations

import ast
import inspect
import sys
import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

Leave = Callable[[Any], None]
"""Takes what the function returned, ``...`` when it raised."""

Enter = Callable[..., Leave]

_PLACEHOLDER = "tapelens enters a call here: "
_OUTPUT = "_tapelens_output"
_COMPILING = "torch.compiler.is_compiling()"
_KNOWN = 8  # sets of listeners whose code is kept


def leave_nothing(_output: object) -> None:
    """What a listener returns to whom a call's end is of no interest."""
    return


class Weave:
    """One function of torch's, and who listens to its calls.

    Args:
        module: Name of the module that has it; nothing happens while that is not imported.
        name: Of the function there, dotted.
        given: What of the function's arguments listeners are called with.
        unless: An expression over them; when it is true, a call is not told.
        compiling: An expression that is true while torch.compile looks; of what it never looks at, ``False``.
    """

    def __init__(
        self, module: str, name: str, *, given: str = "self", unless: str = "False", compiling: str = _COMPILING
    ) -> None:
        self._module = module
        self._name = name
        self._given = given
        self._unless = f"{compiling} or {unless}"
        self._listeners: tuple[Enter, ...] = ()
        self._function: FunctionType | None = None
        self._was: CodeType | None = None
        self._put: CodeType | None = None
        self._woven: dict[tuple[Enter, ...], CodeType | None] = {}
        self._lock = threading.RLock()

    @property
    def code(self) -> CodeType | None:
        """The code with our calls, while somebody listens."""
        return self._put

    def listen(self, enter: Enter) -> bool:
        """Call ``enter`` as each call begins, and what it returned as that ends; whether that can be had.

        Neither may raise.
        """
        with self._lock:
            if self._function is None:
                self._function = self._find()
            return self._function is not None and self._put_in((*self._listeners, enter))

    def leave_off(self, enter: Enter) -> None:
        """Call it no more; calls that run end with it. The last one gives the function its own code back."""
        with self._lock:
            if enter in self._listeners:
                self._put_in(tuple(each for each in self._listeners if each is not enter))

    def _find(self) -> FunctionType | None:
        found: Any = sys.modules.get(self._module)
        for part in self._name.split("."):
            found = getattr(found, part, None)
        return found if isinstance(found, FunctionType) and not found.__code__.co_freevars else None

    def _put_in(self, listeners: tuple[Enter, ...]) -> bool:
        function = self._function
        if function is None:
            return False
        if self._put is None or self._was is None:
            self._was = function.__code__
        elif function.__code__ is not self._put:  # others replaced it since: it is theirs
            self._listeners = listeners if len(listeners) < len(self._listeners) else self._listeners
            return False
        code = self._code_for(listeners, function)
        if code is None:
            return False
        function.__code__ = code
        self._put, self._listeners = (code, listeners) if listeners else (None, ())
        return True

    def _code_for(self, listeners: tuple[Enter, ...], function: FunctionType) -> CodeType | None:
        """Made once for each set of listeners: who comes and goes does not make torch.compile begin anew."""
        if not listeners:
            return self._was
        if listeners not in self._woven:
            while len(self._woven) >= _KNOWN:
                del self._woven[next(iter(self._woven))]
            self._woven[listeners] = self._weave(listeners, function)
        return self._woven[listeners]

    def _weave(self, listeners: tuple[Enter, ...], function: FunctionType) -> CodeType | None:
        """The function's statements between calls of ours; None where its source is not to be had."""
        was = self._was or function.__code__
        try:
            source = inspect.getsource(was)
            ours, theirs = _parsed(source, was), _parsed(source, was)
        except (OSError, TypeError, SyntaxError, ValueError):
            return None
        if ours is None or theirs is None:
            return None
        ours.body, ours.decorator_list = self._framed(len(listeners), ours.body, theirs.body), []
        whole = compile(ast.Module([ours], []), was.co_filename, "exec", dont_inherit=True)
        enters = {f"{_PLACEHOLDER}{index}": enter for index, enter in enumerate(listeners)}
        for made in whole.co_consts:
            if isinstance(made, CodeType) and made.co_varnames[: was.co_argcount] == was.co_varnames[: was.co_argcount]:
                consts = tuple(enters.get(const, const) if type(const) is str else const for const in made.co_consts)
                return _renamed(made.replace(co_consts=consts), was)
        return None

    def _framed(self, listeners: int, statements: list[ast.stmt], same: list[ast.stmt]) -> list[ast.stmt]:
        """Two copies of the statements: one between our calls, one for torch.compile, which sees nothing but it."""
        lines = [f"if {self._unless}:", "    pass"]
        for index in range(listeners):
            lines += [
                f"_tapelens_{index} = {_PLACEHOLDER + str(index)!r}",
                f"_tapelens_{index} = _tapelens_{index}({self._given})",
            ]
        lines += [f"{_OUTPUT} = ...", "try:", "    pass", "finally:"]
        lines += [f"    _tapelens_{index}({_OUTPUT})" for index in reversed(range(listeners))]
        frame: list[ast.stmt] = ast.parse("\n".join(lines)).body
        for node in (node for statement in frame for node in ast.walk(statement)):
            if isinstance(node, (ast.stmt, ast.expr)):
                ast.copy_location(node, statements[0])
        for statement in frame:
            if isinstance(statement, ast.If):
                statement.body = [*same, _located(ast.Return(None), same[-1])]
            elif isinstance(statement, ast.Try):
                statement.body = [*_Noting().noted(statements), _assigned(ast.Constant(None), statements[-1])]
        return frame


class _Noting(ast.NodeTransformer):
    """Notes what is returned; functions inside are let alone."""

    def noted(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in statements:
            each: Any = self.visit(statement)
            made.extend(each if isinstance(each, list) else [each])
        return made

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        value = node.value or _located(ast.Constant(None), node)
        return [_assigned(value, node), _located(ast.Return(_located(ast.Name(_OUTPUT, ast.Load()), node)), node)]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node


def _assigned(value: ast.expr, at: ast.stmt) -> ast.stmt:
    target = _located(ast.Name(_OUTPUT, ast.Store()), at)
    if not hasattr(value, "lineno"):
        _located(value, at)
    return _located(ast.Assign([target], value), at)


def _located(node: Any, at: ast.stmt) -> Any:  # noqa: ANN401 (any node, as it came)
    return ast.copy_location(node, at)


def _parsed(source: str, code: CodeType) -> ast.FunctionDef | None:
    """The function with its own lines and columns: tracebacks underline by them."""
    tree = ast.parse("if True:\n" + source) if source[:1].isspace() else ast.parse("\n" + source)
    ast.increment_lineno(tree, code.co_firstlineno - 2)
    body = tree.body[0].body if isinstance(tree.body[0], ast.If) else tree.body
    return body[0] if isinstance(body[0], ast.FunctionDef) else None


def _renamed(code: CodeType, was: CodeType) -> CodeType:
    name = getattr(was, "co_qualname", None)
    return code if name is None else code.replace(co_qualname=name)  # pyright: ignore[reportCallIssue]


def module_calls() -> Weave:
    """Calls of modules. Global module hooks would take torch's slow path, warn under torch.compile and break graphs."""
    return Weave("torch.nn.modules.module", "Module._wrapped_call_impl")
