"""What cuts the path from a root that runs backward to what it was computed from."""

from __future__ import annotations

import ast
import sys
from types import FrameType

from ...events import Cut
from ..capture.guards import collector_held, undisturbed
from ..sites import code_site, user_frame
from .bindings import bindings, reaching, written
from .flow import Tracer, requires_grad
from .regions import region_around, switched_off
from .running import running_call
from .scopes import Scope, scopes_of
from .trees import tree_of

_MAKERS = frozenset(("tensor", "as_tensor", "Variable", "Tensor", "FloatTensor", "from_numpy"))


def find_cut(frame: FrameType | None, *, trusting: bool) -> Cut | None:
    """Of the call of a backward that the user's innermost frame is in; None where nothing is found.

    Args:
        frame: Of torch's, that the call has led to.
        trusting: What requires grad has a path. Not so where a backward ran and reached nothing.
    """
    user = user_frame(frame)
    call = None if user is None else running_call(user)
    with collector_held(), undisturbed():
        scopes = scopes_of(user)
        if call is None or not scopes:
            return None
        off = None if sys.modules["torch"].is_grad_enabled() else off_around(scopes, call)
        if off is not None:
            return off
        root = _root(call, scopes[0])
        found = None if root is None else Tracer(trusting=trusting).flow(root, scopes[0], scopes[0].line)
        return None if found is None else found.cut


def find_cut_before(expression: str, frame: FrameType) -> Cut | None:
    """As ``find_cut``, of a root in the line that a stopped frame is about to run."""
    try:
        root = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return None
    with collector_held(), undisturbed():
        scopes = scopes_of(frame)
        return Tracer(trusting=True).flow(root, scopes[0], scopes[0].line).cut if scopes else None


def find_leaf_root(frame: FrameType | None) -> Cut | None:
    """Where a root that is itself a leaf was made from what had been computed; None for one that was not."""
    user = user_frame(frame)
    call = None if user is None else running_call(user)
    with collector_held(), undisturbed():
        scopes = scopes_of(user)
        root = _root(call, scopes[0]) if call is not None and scopes else None
        if root is None:
            return None
        value = scopes[0].value(root)
        if sys.modules["torch"].Tensor not in type(value).__mro__ or not requires_grad(value):
            return None
        scope, expression = _follow(root, scopes[0])
        flow = Tracer(trusting=False).behind(expression, scope)
        if not flow.source:
            return None
        if flow.cut is not None:
            return flow.cut
        made = _made_a_leaf(expression, scope)
        return (
            None if made is None else Cut(scope.site(made), f"`{written(expression)}` is made a leaf by requires_grad")
        )


def find_switched_off(frame: FrameType | None) -> Cut | None:
    """What switched grad mode off in the frames that run."""
    user = user_frame(frame)
    with collector_held(), undisturbed():
        scopes = scopes_of(user)
        call = None if user is None else running_call(user)
        return off_around(scopes, call)


def off_around(scopes: list[Scope], call: ast.expr | None) -> Cut | None:
    """The innermost region of source that the frames stand in, else a statement that switched it off for good."""
    node = call
    for scope in scopes:
        region = None if node is None else region_around(scope.body, node)
        if region is not None:
            return Cut(scope.site(region.line), region.what)
        node = scope.call
    for scope in scopes:
        tree = tree_of(scope.code.co_filename)
        region = None if tree is None else switched_off(tree)
        if region is not None:
            return Cut(code_site(scope.code, line=region.line, function=region.function), region.what)
    return None


def _root(call: ast.Call, scope: Scope) -> ast.expr | None:
    """What the call names as its root: ``loss`` of ``loss.backward()``, ``accelerator.backward(loss)`` and others."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "backward" else None
    is_tensor = owner is not None and sys.modules["torch"].Tensor in type(scope.value(owner)).__mro__
    if owner is not None and (is_tensor or not call.args or not written(owner)):
        return owner
    given = [*call.args, *(each.value for each in call.keywords if each.arg in {"tensors", "outputs", "loss"})]
    return given[0] if given else owner


def _follow(root: ast.expr, scope: Scope) -> tuple[Scope, ast.expr]:
    """Where a root that was handed in was bound: up to the callers that hand it on."""
    for _ in range(8):
        name = written(root)
        given = scope.argument(name) if name and not reaching(scope.body, name, scope.line) else None
        if given is None or scope.caller is None:
            break
        root, scope = given, scope.caller
    return scope, root


def _made_a_leaf(expression: ast.expr, scope: Scope) -> int | None:
    """The line that says ``requires_grad`` of it."""
    name = written(expression)
    if not name or not requires_grad(scope.value(expression)):
        return None
    for node in ast.walk(scope.body):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr="requires_grad_")) if written(owner) == name:
                return node.lineno
            case ast.Assign(targets=[ast.Attribute(value=owner, attr="requires_grad")]) if written(owner) == name:
                return node.lineno
            case _:
                continue
    return next((each.line for each in bindings(scope.body, name)), None)
