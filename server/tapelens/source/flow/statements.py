"""Statements."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

from .assignments import assign, augment, forget
from .calls import define_class, define_function
from .contexts import Entered, enter
from .expressions import evaluate
from .imports import import_from, import_names
from .loops import elements, exact_items
from .run import Run
from .truths import truth
from .values import Const, Opaque, Value, join

End = Literal["continue", "break", "return", "raise"] | None
"""How every way out of a block ends; None where some way goes on."""


def block(run: Run, statements: Sequence[ast.stmt]) -> End:
    """One statement after the other."""
    for statement in statements:
        handler = _STATEMENTS.get(type(statement))
        if handler is not None:
            end = handler(run, statement)
            if end is not None:
                return end
    return None


def _expression(run: Run, node: ast.Expr) -> End:
    if not isinstance(node.value, ast.Constant):
        evaluate(run, node.value)
    return None


def _assign(run: Run, node: ast.Assign) -> End:
    value = evaluate(run, node.value)
    for target in node.targets:
        assign(run, target, value, node)
    return None


def _annotated(run: Run, node: ast.AnnAssign) -> End:
    if node.value is not None:
        assign(run, node.target, evaluate(run, node.value), node)
    return None


def _augmented(run: Run, node: ast.AugAssign) -> End:
    augment(run, node)
    return None


def _delete(run: Run, node: ast.Delete) -> End:
    for target in node.targets:
        forget(run, target)
    return None


def _if(run: Run, node: ast.If) -> End:
    known = truth(evaluate(run, node.test))
    if known is not None:
        return block(run, node.body if known else node.orelse)
    return _arms(run, [lambda: block(run, node.body), lambda: block(run, node.orelse)])


def _arms(run: Run, arms: Sequence[Callable[[], End]]) -> End:
    """One of several: each is gone through from here, and what names hold is joined."""
    branch = run.number()
    names = run.frame.scope.names
    before, outer, grad = dict(names), run.guards, run.grad
    ends: list[End] = []
    afters: list[dict[str, Value]] = []
    modes: list[bool | None] = []
    alive: list[int] = []
    for arm, go in enumerate(arms):
        names.clear()
        names.update(before)
        run.grad = grad
        run.guards = (*outer, (branch, arm))
        end = go()
        ends.append(end)
        if end is None:
            alive.append(arm)
            afters.append(dict(names))
            modes.append(run.grad)
    if not alive:
        run.guards, run.grad = outer, grad
        return "continue" if "continue" in ends else ends[0]
    run.guards = outer if len(alive) > 1 else (*outer, (branch, alive[0]))
    run.grad = modes[0] if all(mode is modes[0] for mode in modes) else None
    names.clear()
    names.update(afters[0] if len(afters) == 1 else _joined(afters))
    return None


def _joined(afters: list[dict[str, Value]]) -> dict[str, Value]:
    first, *rest = afters
    result = dict(first)
    for other in rest:
        for name, value in other.items():
            if name not in result:
                result[name] = value
            elif result[name] is not value:
                result[name] = join((result[name], value))
    return result


def _for(run: Run, node: ast.For | ast.AsyncFor) -> End:
    iterable = evaluate(run, node.iter)
    exact = exact_items(iterable)
    if exact is not None:
        return _rounds(run, node, [lambda item=item: assign(run, node.target, item, node) for item in exact])
    return _rounds(
        run,
        node,
        [lambda turn=turn: assign(run, node.target, elements(run, iterable, node, turn=turn), node) for turn in (0, 1)],
    )


def _while(run: Run, node: ast.While) -> End:
    if truth(evaluate(run, node.test)) is False:
        return block(run, node.orelse)
    return _rounds(run, node, [lambda: None, lambda: evaluate(run, node.test)])


def _rounds(run: Run, at: ast.For | ast.AsyncFor | ast.While, begins: Sequence[Callable[[], object]]) -> End:
    body, after = at.body, at.orelse
    loop = run.number()
    run.loop_nodes[loop] = at
    outer, guards = run.loops, run.guards
    end: End = None
    for turn, begin in enumerate(begins):
        run.loops, run.guards = (*outer, (loop, turn)), guards
        begin()
        end = block(run, body)
        if end is not None and end != "continue":
            break
    run.loops, run.guards = outer, guards
    if end == "break":
        return None
    return block(run, after) if end is None or end == "continue" else end


def _try(run: Run, node: ast.Try) -> End:
    tried = run.tried
    run.tried = tried or any(not isinstance(each.body[-1], ast.Raise) for each in node.handlers)
    end: End = block(run, node.body)
    run.tried = tried
    if node.handlers:

        def body() -> End:
            return block(run, node.orelse) if end is None else end

        def handler(each: ast.ExceptHandler) -> Callable[[], End]:
            return lambda: block(run, each.body)

        end = _arms(run, [body, *(handler(each) for each in node.handlers)])
    elif end is None:
        end = block(run, node.orelse)
    guards = run.guards
    last = block(run, node.finalbody)
    if end is None:
        run.guards = guards
    return last or end


def _with(run: Run, node: ast.With | ast.AsyncWith) -> End:
    entered: list[Entered] = []
    for item in node.items:
        context = enter(run, item.context_expr)
        entered.append(context)
        if item.optional_vars is not None:
            assign(run, item.optional_vars, context.value, node)
    end = block(run, node.body)
    for context in reversed(entered):
        context.leave(run)
    return None if end == "raise" and any(context.catches for context in entered) else end


def _return(run: Run, node: ast.Return) -> End:
    run.frame.returns.append(Const(None) if node.value is None else evaluate(run, node.value))
    return "return"


def _raise(run: Run, node: ast.Raise) -> End:
    if node.exc is not None:
        evaluate(run, node.exc)
    return "raise"


def _assert(run: Run, node: ast.Assert) -> End:
    evaluate(run, node.test)
    return None


def _match(run: Run, node: ast.Match) -> End:
    subject = evaluate(run, node.subject)

    def case(each: ast.match_case) -> Callable[[], End]:
        def go() -> End:
            for pattern in ast.walk(each.pattern):
                name = getattr(pattern, "name", None)
                if isinstance(name, str) and isinstance(pattern, (ast.MatchAs, ast.MatchStar)):
                    run.frame.scope.names[name] = Opaque(reach=(subject,))
            return block(run, each.body)

        return go

    return _arms(run, [*(case(each) for each in node.cases), lambda: None])


def _public(run: Run, node: ast.Global | ast.Nonlocal) -> End:
    scope = run.frame.scope
    home = scope.outer
    while home is not None and isinstance(node, ast.Global) and home.outer is not None:
        home = home.outer
    for name in node.names:
        place = home
        while isinstance(node, ast.Nonlocal) and place is not None and name not in place.names:
            place = place.outer
        if place is not None:
            scope.public[name] = place
    return None


def _define(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> End:
    run.frame.scope.names[node.name] = define_function(run, node)
    return None


def _class(run: Run, node: ast.ClassDef) -> End:
    run.frame.scope.names[node.name] = define_class(run, node)
    return None


def _import(run: Run, node: ast.Import) -> End:
    import_names(run, node)
    return None


def _import_from(run: Run, node: ast.ImportFrom) -> End:
    import_from(run, node)
    return None


_STATEMENTS: dict[type[ast.stmt], Callable[[Run, Any], End]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Match: _match,
    ast.Global: _public,
    ast.Nonlocal: _public,
    ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Continue: lambda _run, _node: "continue",
    ast.Break: lambda _run, _node: "break",
}
if sys.version_info >= (3, 11):
    _STATEMENTS[ast.TryStar] = _try
