"""Operators."""

from __future__ import annotations

import ast

from .run import Run
from .values import Choice, Const, Grad, Items, Opaque, Params, Tensor, Value, join


def combine(run: Run, at: ast.AST, left: Value, right: Value, operator: ast.operator) -> Value:
    """``left op right``."""
    if isinstance(left, Choice):
        return join(combine(run, at, option, right, operator) for option in left.options)
    if isinstance(right, Choice):
        return join(combine(run, at, left, option, operator) for option in right.options)
    left, right = as_operand(run, left, at), as_operand(run, right, at)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        both = [each for each in (left, right) if isinstance(each, Tensor)]
        others = [each for each in (left, right) if not isinstance(each, (Tensor, Const))]
        sure = all(each.sure or each.cut is not None for each in both) and not any(
            isinstance(each, Opaque) and each.reach for each in others
        )
        sure = sure and any(each.sure for each in both)
        result = run.tensor(
            at, left, right, saves=saves_operands(operator, left, right), sure=sure, keeps=_kept(operator, left, right)
        )
        if not sure and all(each.grad is False for each in both) and not others:
            result.grad, result.leaf, result.node = False, True, None
            result.cut = next((each.cut for each in both if each.cut is not None), None)
        return result
    if isinstance(left, Items) and isinstance(right, Items) and isinstance(operator, ast.Add):
        return Items(left.kind, [*left.items, *right.items], whole=left.whole and right.whole, loops=run.loops)
    if isinstance(left, Items) and isinstance(operator, ast.Mult):
        return Items(left.kind, list(left.items), whole=False, loops=run.loops)
    if isinstance(left, Const) and isinstance(right, Const):
        return Opaque()
    return Opaque(reach=tuple(each for each in (left, right) if not isinstance(each, Const)))


def as_operand(run: Run, value: Value, at: ast.AST) -> Value:
    """Gradients and parameters as tensors."""
    if isinstance(value, Grad):
        result = Tensor(run.place(at), grad=None if run.makes_graphs else False, leaf=True, loops=run.loops)
        result.of_grad = (value.of,)
        return result
    if isinstance(value, Params) and value.single:
        return run.tensor(at, sure=True, saves=False, module=next(iter(value.of), None))
    return value


def saves_operands(operator: ast.operator, left: Value, right: Value) -> bool | None:
    """Whether a backward needs what the operation saved."""
    if isinstance(operator, (ast.Add, ast.Sub)):
        return False
    if isinstance(operator, (ast.Mult, ast.Div, ast.MatMult)):
        tensors = [each for each in (left, right) if isinstance(each, Tensor)]
        if len(tensors) == 2:  # noqa: PLR2004 (both operands)
            return True if all(each.sure for each in tensors) else None
        if isinstance(operator, ast.Div) and isinstance(right, Tensor):
            return True
        return False if any(isinstance(each, Const) for each in (left, right)) else None
    if isinstance(operator, ast.Pow):
        return True
    return None


def _kept(operator: ast.operator, left: Value, right: Value) -> tuple[Tensor, ...]:
    match operator:
        case ast.Mult() | ast.MatMult() | ast.Div():
            kept: list[Tensor] = []
            for one, other in ((left, right), (right, left)):
                if isinstance(one, Tensor) and isinstance(other, Tensor) and one.sure and other.sure and other.grad:
                    kept.append(one)
            return tuple(kept)
        case ast.Pow() if isinstance(left, Tensor) and left.sure:
            return (left,)
        case _:
            return ()
