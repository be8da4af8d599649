"""Tensors that expressions of the line at the stop stand for, told without running anything.

Names, attributes and constant subscripts are read; what is plainly computed from them is followed to them.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .inside import dict_items, element, look_up, member, own_dict
from .reading import shape_of

if TYPE_CHECKING:
    import torch

Shape = tuple[int, ...]

_TO_ONE = frozenset(("sum", "mean"))
_LIKE = frozenset(("ones_like", "zeros_like", "rand_like", "randn_like", "full_like", "empty_like"))
_MADE = frozenset(("ones", "zeros", "rand", "randn", "empty"))


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor of the line.

    Attributes:
        tensors: Itself, or those that it is computed from in the line.
        same: It is the very tensor that the frame holds.
        shape: None when it cannot be told.
    """

    tensors: tuple[torch.Tensor, ...]
    same: bool
    shape: Shape | None


def operands(frame: types.FrameType, expression: ast.expr) -> tuple[Operand, ...] | None:
    """The tensors that an expression stands for: one, or those of a list; None when it cannot be told.

    ``loss / 4``, ``a + b``, ``loss.mean()`` and ``scaler.scale(loss)`` are computed from what they name:
    the graph below is the same.
    """
    match expression:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return _all_operands(frame, parts)
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[argument], keywords=[]):
            return operands(frame, argument)
        case ast.Call(func=ast.Attribute(value=owner, attr="values"), args=[], keywords=[]):
            return _all_tensors([value for _, value in dict_items(value_at(frame, owner))])
        case ast.Call(func=ast.Attribute(value=owner, attr="parameters"), args=[], keywords=[]):
            return _all_tensors(list(_parameters(value_at(frame, owner))))
        case _:
            value = value_at(frame, expression)
            if type(value) in (list, tuple, dict):
                return _all_tensors(list(value.values()) if type(value) is dict else value)
            found = operand(frame, expression)
            return (found,) if found is not None and found.tensors else None


def operand(frame: types.FrameType, expression: ast.expr) -> Operand | None:
    """One tensor; a plain number is one that is made of no tensor."""
    match expression:
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(operand(frame, left), operand(frame, right), elementwise=not isinstance(op, ast.MatMult))
        case ast.UnaryOp(operand=inner):
            return _computed(operand(frame, inner))
        case ast.Call(func=ast.Attribute(value=owner, attr="scale"), args=[argument]):
            return _computed(operand(frame, argument if operand(frame, owner) is None else owner))
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments, keywords=keywords) if name in _TO_ONE:
            inner = operand(frame, owner)
            whole = not arguments and not keywords
            return inner and Operand(inner.tensors, same=False, shape=() if whole else None)
        case ast.Call(func=ast.Attribute(value=owner, attr="squeeze"), args=[], keywords=[]):
            inner = operand(frame, owner)
            return inner and Operand(inner.tensors, same=False, shape=_squeezed(inner.shape))
        case _:
            return _there(expression.value if isinstance(expression, ast.Constant) else value_at(frame, expression))


def shape_made(frame: types.FrameType, expression: ast.expr) -> tuple[Shape | None, bool | None]:
    """Shape of a tensor that is held or made in the line, and whether it is complex; None for what cannot be told.

    Made by ``torch.ones_like(y)``, ``torch.ones(3)`` and the like.
    """
    there = operand(frame, expression)
    if there is not None and there.same:
        return there.shape, _is_complex(there.tensors[0])
    match expression:
        case ast.Call(func=ast.Attribute(value=module, attr=name), args=arguments, keywords=[]) if (
            value_at(frame, module) is sys.modules["torch"]
        ):
            if name in _LIKE and arguments and (like := operand(frame, arguments[0])) is not None and like.same:
                return like.shape, _is_complex(like.tensors[0])
            if name in _MADE:
                return _sizes(arguments), False
            return None, None
        case _:
            return None, None


def value_at(frame: types.FrameType, expression: ast.expr) -> Any:  # noqa: ANN401 (any value of the user's)
    """A name, attribute or constant subscript as the frame holds it; None for all else."""
    match expression:
        case ast.Name(id=name):
            return look_up(frame, name)
        case ast.Attribute(value=owner, attr=name):
            there = value_at(frame, owner)
            return None if there is None or is_tensor(there) else member(there, name)
        case ast.Subscript(value=owner, slice=ast.Constant(value=key)):
            there = value_at(frame, owner)
            return None if there is None or is_tensor(there) else element(there, key)
        case ast.Subscript(value=owner, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as key))):
            there = value_at(frame, owner)
            return None if there is None or is_tensor(there) else element(there, -key)
        case _:
            return None


def is_none(expression: ast.expr) -> bool:
    """It says ``None``."""
    return isinstance(expression, ast.Constant) and expression.value is None


def is_tensor(value: object) -> bool:
    """A tensor of any kind; asks no ``__class__`` of the user's."""
    base: Literal[True] | type = sys.modules["torch"].Tensor
    return base in type(value).__mro__


def _there(value: Any) -> Operand | None:  # noqa: ANN401 (any value of the user's)
    if is_tensor(value):
        return Operand((value,), same=True, shape=shape_of(value))
    return Operand((), same=False, shape=()) if type(value) in (int, float) else None


def _all_operands(frame: types.FrameType, parts: list[ast.expr]) -> tuple[Operand, ...] | None:
    found: list[Operand] = []
    for part in parts:
        inside = operands(frame, part.value if isinstance(part, ast.Starred) else part)
        if inside is None:
            return None
        found += inside
    return tuple(found) or None


def _all_tensors(values: Any) -> tuple[Operand, ...] | None:  # noqa: ANN401 (list or tuple)
    if not values or not all(is_tensor(value) for value in values):
        return None
    return tuple(Operand((value,), same=True, shape=shape_of(value)) for value in values)


def _parameters(module: object) -> Iterator[object]:
    """What ``module.parameters()`` gives, walked without calling it; nothing where it is the user's own."""
    base = sys.modules["torch"].nn.Module
    seen: set[int] = set()
    waiting = [module]
    while waiting:
        each = waiting.pop()
        if base not in type(each).__mro__ or getattr(type(each), "parameters", None) is not base.parameters:
            return
        own = own_dict(each) or {}
        for _, value in dict_items(own.get("_parameters")):
            if value is not None and id(value) not in seen:
                seen.add(id(value))
                yield value
        waiting += [inner for _, inner in reversed(dict_items(own.get("_modules"))) if inner is not None]


def _combined(left: Operand | None, right: Operand | None, *, elementwise: bool) -> Operand | None:
    if left is None or right is None:
        return None
    shape = _broadcast(left.shape, right.shape) if elementwise else None
    return Operand(left.tensors + right.tensors, same=False, shape=shape)


def _computed(inner: Operand | None) -> Operand | None:
    return inner and Operand(inner.tensors, same=False, shape=inner.shape)


def _squeezed(shape: Shape | None) -> Shape | None:
    return None if shape is None else tuple(size for size in shape if size != 1)


def _broadcast(left: Shape | None, right: Shape | None) -> Shape | None:
    if left is None or right is None:
        return None
    longest = max(len(left), len(right))
    pairs = zip((1,) * (longest - len(left)) + left, (1,) * (longest - len(right)) + right, strict=True)
    return tuple(b if a == 1 else a for a, b in pairs)


def _sizes(arguments: list[ast.expr]) -> Shape | None:
    match arguments:
        case [ast.Tuple(elts=parts)] | [ast.List(elts=parts)]:
            return _sizes(parts)
        case _:
            sizes = [part.value for part in arguments if isinstance(part, ast.Constant)]
            whole = [size for size in sizes if type(size) is int]
            return tuple(whole) if len(whole) == len(arguments) else None


def _is_complex(tensor: torch.Tensor) -> bool:
    return sys.modules["torch"]._C.TensorBase.dtype.__get__(tensor).is_complex
