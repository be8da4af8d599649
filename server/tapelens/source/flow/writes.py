"""Changes in place."""

from __future__ import annotations

import ast

from .acts import Changed, Cleared, GradWritten, Refused, Updated
from .run import Run
from .values import Const, Grad, Params, Tensor, Value


def write_in_place(run: Run, owner: Value, value: Value, at: ast.AST, *, how: str) -> None:
    """A gradient, parameters or a tensor get other values.

    Args:
        run: The way.
        owner: What is changed.
        value: What they are computed from.
        at: The call or statement.
        how: The operation, as a message names it.
    """
    match owner:
        case Grad():
            run.acts.append(_of_gradient(run, owner, how, value, at))
        case Params():
            if not owner.is_data and run.grad is False:
                run.acts.append(Changed(run.now(at), owner, how))
            if updates(owner, value):
                run.acts.append(Updated(run.now(at), owner))
        case Tensor():
            if owner.sure and owner.leaf and owner.grad and run.grad is True:
                run.acts.append(Refused(run.now(at), owner, how))
                run.raises()
            if updates(owner, value):
                run.acts.append(Updated(run.now(at), owner))
            if owner.sure:
                run.write(owner, at, how)
        case _:
            pass


def _of_gradient(run: Run, gradient: Grad, how: str, value: Value, at: ast.AST) -> Cleared | GradWritten:
    zero = isinstance(value, Const) and value.value == 0
    if how == "zero_" or (zero and how in {"fill_", "fill", "mul_", "*=", "[…] =", "copy_"}):
        return Cleared(run.now(at), (gradient.of,))
    return GradWritten(run.now(at), (gradient.of,))


def updates(owner: Value, value: Value) -> bool:
    """Whether a value was computed from the owner's own gradient."""
    if isinstance(value, Grad):
        return _same_parameters(value.of, owner)
    return isinstance(value, Tensor) and any(_same_parameters(each, owner) for each in value.of_grad)


def _same_parameters(one: Value, other: Value) -> bool:
    if isinstance(one, Params) and isinstance(other, Params):
        return len(one.of) == len(other.of) and all(a is b for a, b in zip(one.of, other.of, strict=True))
    return one is other
