"""From a loss back to what it was computed from: is there a path, and what cuts it?"""

from __future__ import annotations

import ast
import functools
import sys
import types
from collections.abc import Iterable
from typing import Any, NamedTuple

from ...events import Cut
from ..capture.inside import class_attribute, dict_items, own_dict
from ..capture.reading import read_tensor
from .bindings import Binding, reaching, written
from .cutters import cutter
from .none_returned import none_returned
from .regions import region_around
from .scopes import Scope, scope_of_function
from .trees import walk_own

_STEPS = 600
_DEPTH = 40
_MODULES = 2000


class Flow(NamedTuple):
    """What is known of a value.

    Attributes:
        source: It was computed from something that is to be trained.
        cut: What cuts all paths to that; None while one is whole.
    """

    source: bool
    cut: Cut | None


NOTHING = Flow(source=False, cut=None)
WHOLE = Flow(source=True, cut=None)


class Tracer:
    """Follows values back through statements, calls of the user's functions and forwards.

    Args:
        trusting: A variable that requires grad has a path. Else only what is written counts: the
            path may lead to a leaf that was made on the way.
    """

    def __init__(self, *, trusting: bool) -> None:
        self._trusting = trusting
        self._left = _STEPS
        self._depth = 0
        self._busy: set[tuple[int, str, int]] = set()

    def flow(self, expression: ast.expr, scope: Scope, line: int, index: int = -1) -> Flow:
        """Of an expression.

        Args:
            expression: Where the value is used.
            scope: The function that it stands in.
            line: Where it is used: later statements count only where there are no earlier ones.
            index: Which item of it, -1 for all.
        """
        self._left -= 1
        if self._left < 0 or self._depth > _DEPTH:
            return NOTHING
        self._depth += 1
        try:
            found = self._of(expression, scope, line, index)
        finally:
            self._depth -= 1
        if found.source and found.cut is None and not written(expression):
            region = region_around(scope.body, expression)
            if region is not None:
                return Flow(source=True, cut=Cut(scope.site(region.line), region.what))
        return found

    def behind(self, expression: ast.expr, scope: Scope) -> Flow:
        """As ``flow``, of what a name was computed from: a leaf of its own is none."""
        name = written(expression)
        return (
            self._bound(expression, name, scope, scope.line, lacks=False)
            if name
            else self.flow(expression, scope, scope.line)
        )

    def _of(self, expression: ast.expr, scope: Scope, line: int, index: int) -> Flow:  # noqa: PLR0911 (each kind its own)
        cut = cutter(expression)
        if cut is not None:
            found = self._all(cut.operands, scope, line)
            return found if not found.source or found.cut else Flow(True, Cut(scope.site(cut.line), cut.what))
        if written(expression):
            return self._reference(expression, scope, line)
        match expression:
            case ast.Call():
                return self._call(expression, scope, line, index)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) if 0 <= index < len(elements):
                return self.flow(elements[index], scope, line)
            case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element) | ast.SetComp(elt=element):
                return self._comprehension(element, expression.generators, scope, line)
            case ast.Lambda() | ast.Constant():
                return NOTHING
            case _:
                return self._all(
                    (each for each in ast.iter_child_nodes(expression) if isinstance(each, ast.expr)), scope, line
                )

    def _all(self, expressions: Iterable[ast.expr], scope: Scope, line: int) -> Flow:
        return together(self.flow(each, scope, line) for each in expressions)

    # -- names ------------------------------------------------------------------------------------------

    def _reference(self, expression: ast.expr, scope: Scope, line: int) -> Flow:
        name = written(expression)
        if name in scope.assumed:
            return WHOLE
        # NOTE [what a name means now]: a variable's value tells of its last binding only.
        is_current = reaching(scope.body, name, line) == reaching(scope.body, name, scope.line)
        value = scope.value(expression) if is_current else None
        tensor = _is_tensor(value)
        if tensor and requires_grad(value) and (self._trusting or _is_parameter(value)):
            return WHOLE
        key = id(scope.body), name, line
        if key in self._busy:
            return NOTHING
        self._busy.add(key)
        try:
            found = self._bound(expression, name, scope, line, lacks=tensor and not requires_grad(value))
        finally:
            self._busy.discard(key)
        return WHOLE if found == NOTHING and tensor and _is_trained_leaf(value) else found

    def _bound(self, expression: ast.expr, name: str, scope: Scope, line: int, *, lacks: bool) -> Flow:
        """By the statements that bind it, in this function, else where it comes from."""
        found = reaching(scope.body, name, line)
        if found:
            flow = together(self._binding(each, scope) for each in found)
            if flow == WHOLE and lacks and self._trusting:
                what = f"`{name}` does not require grad, though what it is computed from does"
                return Flow(True, Cut(scope.site(found[-1].line), what))
            return flow
        given = scope.argument(name)
        if given is not None and scope.caller is not None:
            return self.flow(given, scope.caller, scope.caller.line)
        if isinstance(expression, ast.Name):
            module = scope.module() if name in scope.home and name not in scope.parameters() else None
            return NOTHING if module is None else self._reference(expression, module, module.line)
        if name.startswith("self."):
            others = [
                self._binding(each, method)
                for method in scope.methods()
                for each in reaching(method.body, name, method.line)
            ]
            if others:
                return together(others)
        return (
            self.flow(expression.value, scope, line)
            if isinstance(expression, (ast.Attribute, ast.Subscript))
            else NOTHING
        )

    def _binding(self, binding: Binding, scope: Scope) -> Flow:
        return self.flow(binding.value, scope, binding.line, binding.item)

    def _comprehension(self, element: ast.expr, over: list[ast.comprehension], scope: Scope, line: int) -> Flow:
        """The names it goes through are as whole as what it goes over."""
        flow = self._all((each.iter for each in over), scope, line)
        if not flow.source:
            return self.flow(element, scope, line)
        if flow.cut is not None:
            return flow
        names = {node.id for each in over for node in ast.walk(each.target) if isinstance(node, ast.Name)}
        inner = Scope(
            scope.code, scope.body, scope.line, scope.names, scope.home, scope.caller, scope.call, scope.assumed | names
        )
        return self.flow(element, inner, line)

    # -- calls ------------------------------------------------------------------------------------------

    def _call(self, call: ast.Call, scope: Scope, line: int, index: int) -> Flow:
        called = scope.value(call.func)
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        if _is_module(called):
            return self._forward(called, call, arguments, scope, line, index)
        inner = called_scope(call, _at(scope, line))
        if inner is not None:
            return self._returned(inner, index)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "apply":
            return self._custom(scope.value(call.func.value), arguments, scope, line)
        receiver = [call.func.value] if isinstance(call.func, ast.Attribute) else [call.func]
        return self._all(
            [*(each for each in receiver if not isinstance(each, ast.Name) or _carries(scope.value(each))), *arguments],
            scope,
            line,
        )

    def _forward(  # noqa: PLR0917 (a call and where it stands)
        self,
        module: Any,  # noqa: ANN401 (an nn.Module)
        call: ast.Call,
        arguments: list[ast.expr],
        scope: Scope,
        line: int,
        index: int,
    ) -> Flow:
        forward = class_attribute(type(module), "forward")
        function = _unwrapped(forward)
        inner = (
            None
            if function is None
            else scope_of_function(function, names={"self": module}, caller=_at(scope, line), call=call)
        )
        if inner is not None:
            found = self._returned(inner, index)
            if found.source:
                return found
        given = self._all(arguments, scope, line)
        cut = self._cut_in_row(module)
        if cut is not None:
            return Flow(True, cut)
        return WHOLE if is_trained(module) else given

    def _cut_in_row(self, module: Any) -> Cut | None:  # noqa: ANN401 (an nn.Sequential)
        """A layer in a row that lets nothing through."""
        if not isinstance(module, sys.modules["torch"].nn.Sequential):
            return None
        cut: Cut | None = None
        for _, child in dict_items((own_dict(module) or {}).get("_modules")):
            function = _unwrapped(class_attribute(type(child), "forward"))
            inner = None if function is None else scope_of_function(function, names={"self": child})
            if inner is None:
                cut = None if is_trained(child) else cut
                continue
            inner.assumed = frozenset(inner.parameters()) - {"self"}
            found = self._returned(inner, -1)
            cut = found.cut if found.source and found.cut is not None else None if is_trained(child) else cut
        return cut

    def _custom(self, kind: Any, arguments: list[ast.expr], scope: Scope, line: int) -> Flow:  # noqa: ANN401 (a class)
        given = self._all(arguments, scope, line)
        if given != WHOLE or self._trusting or type not in type(kind).__mro__:
            return given
        cut = none_returned(kind)
        return given if cut is None else Flow(True, cut)

    def _returned(self, inner: Scope, index: int) -> Flow:
        if isinstance(inner.body, ast.Lambda):
            return self.flow(inner.body.body, inner, inner.line, index)
        values = [
            node.value
            for node in walk_own(inner.body)
            if isinstance(node, (ast.Return, ast.Yield)) and node.value is not None
        ]
        return together(self.flow(each, inner, each.lineno, index) for each in values)


def together(flows: Iterable[Flow]) -> Flow:
    """Of what is computed from several values: one whole path is enough."""
    found = NOTHING
    for flow in flows:
        if flow.source and flow.cut is None:
            return WHOLE
        if flow.source and not found.source:
            found = flow
    return found


def called_scope(call: ast.Call, scope: Scope) -> Scope | None:
    """The function of the user's that a call in a scope has entered; None for other calls."""
    function, names = _function_of(scope.value(call.func), call, scope)
    return None if function is None else scope_of_function(function, names=names, caller=scope, call=call)


def requires_grad(tensor: Any) -> bool:  # noqa: ANN401 (a tensor)
    """Call it undisturbed."""
    return bool(sys.modules["torch"]._C.TensorBase.requires_grad.__get__(tensor))


def is_trained(module: Any) -> bool:  # noqa: ANN401 (an nn.Module)
    """Whether some parameter of it requires grad."""
    waiting, seen = [module], 0
    while waiting and seen < _MODULES:
        own = own_dict(waiting.pop()) or {}
        seen += 1
        if any(_is_tensor(each) and requires_grad(each) for _, each in dict_items(own.get("_parameters"))):
            return True
        waiting += [child for _, child in dict_items(own.get("_modules")) if child is not None]
    return False


def _function_of(called: Any, call: ast.Call, scope: Scope) -> tuple[types.FunctionType | None, dict[str, Any]]:  # noqa: ANN401
    """The user's function that a call enters, and what is known of its names."""
    if type(called) is functools.partial and not called.args:
        called = called.func
    if type(called) is types.MethodType:
        return _unwrapped(called.__func__), {"self": called.__self__}
    if type(called) in (staticmethod, classmethod):
        return _unwrapped(called.__func__), {}
    owner = scope.value(call.func.value) if isinstance(call.func, ast.Attribute) else None
    is_bound = owner is not None and type(owner) is not types.ModuleType and type not in type(owner).__mro__
    return _unwrapped(called), {"self": owner} if is_bound else {}


def _unwrapped(function: Any) -> types.FunctionType | None:  # noqa: ANN401
    """The function inside decorators that say what they wrap."""
    for _ in range(8):
        if type(function) is not types.FunctionType:
            return None
        if "__wrapped__" not in vars(function):
            return function
        function = vars(function)["__wrapped__"]
    return None


def _at(scope: Scope, line: int) -> Scope:
    return Scope(scope.code, scope.body, line, scope.names, scope.home, scope.caller, scope.call, scope.assumed)


def _carries(value: Any) -> bool:  # noqa: ANN401
    """A receiver's own value goes into the result: not that of a module of Python's."""
    return type(value) is not types.ModuleType


def _is_tensor(value: Any) -> bool:  # noqa: ANN401
    return sys.modules["torch"].Tensor in type(value).__mro__


def _is_module(value: Any) -> bool:  # noqa: ANN401
    return sys.modules["torch"].nn.Module in type(value).__mro__


def _is_trained_leaf(tensor: Any) -> bool:  # noqa: ANN401 (a tensor)
    return requires_grad(tensor) and read_tensor(tensor).is_leaf == 1


def _is_parameter(value: Any) -> bool:  # noqa: ANN401 (a tensor)
    return sys.modules["torch"].nn.Parameter in type(value).__mro__
