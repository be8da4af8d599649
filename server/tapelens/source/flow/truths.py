"""Whether a value is true, where the text tells."""

from __future__ import annotations

from .values import Class, Const, Function, Grad, Handle, Instance, Items, Module, Optimizer, Scaler, Tensor, Value

_OBJECTS = (Class, Function, Handle, Instance, Module, Optimizer, Scaler)


def truth(value: Value) -> bool | None:
    """True or False; None where it depends."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, (Class, Function, Module, Optimizer)) and not getattr(value, "guessed", False):
        return True
    if isinstance(value, Items) and value.whole and value.kind in {"list", "tuple"} and not value.loops:
        return bool(value.items) or None
    return None


def is_none(value: Value) -> bool | None:
    """Whether it is None; itself None where it depends."""
    if isinstance(value, Const):
        return value.value is None
    if isinstance(value, Grad):
        of = value.of
        never = isinstance(of, Tensor) and of.sure and of.leaf is False and not of.retains
        return True if never else None
    if isinstance(value, Tensor):
        return False if value.sure else None
    if isinstance(value, (*_OBJECTS, Items)):
        return None if getattr(value, "guessed", False) else False
    return None
