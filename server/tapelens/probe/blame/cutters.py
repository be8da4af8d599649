"""Expressions whose result no path leads through."""

from __future__ import annotations

import ast
from typing import NamedTuple

_NUMBER = "makes a Python number of it"
_WHOLE = "gives whole numbers, which have no derivative"
_METHODS = {
    "item": _NUMBER,
    "tolist": "makes Python numbers of it",
    "numpy": "makes a numpy array of it",
    "detach": "takes it off the graph",
    "detach_": "takes it off the graph",
    "argmax": _WHOLE,
    "argmin": _WHOLE,
    "argsort": _WHOLE,
    "nonzero": _WHOLE,
    "long": _WHOLE,
    "int": _WHOLE,
    "short": _WHOLE,
    "byte": _WHOLE,
    "bool": "gives truth values, which have no derivative",
    "sample": "draws without a path to the distribution's parameters",
    "multinomial": _WHOLE,
    "eq": "compares, which has no derivative",
    "ne": "compares, which has no derivative",
    "gt": "compares, which has no derivative",
    "ge": "compares, which has no derivative",
    "lt": "compares, which has no derivative",
    "le": "compares, which has no derivative",
}
_NEW = "makes a new tensor of its values"
_TORCHS = {
    **{name: what for name, what in _METHODS.items() if name not in {"item", "sample", "long", "int", "bool"}},
    "tensor": _NEW,
    "as_tensor": _NEW,
    "from_numpy": _NEW,
    "Tensor": _NEW,
    "FloatTensor": _NEW,
    "DoubleTensor": _NEW,
    "asarray": _NEW,
}
_BUILTIN = {"float": _NUMBER, "int": _NUMBER, "bool": _NUMBER}
_DTYPES = frozenset(("long", "int", "int8", "int16", "int32", "int64", "uint8", "bool", "short"))
_INDEXED = frozenset(("max", "min", "sort", "topk", "mode", "median", "kthvalue"))


class Cutter(NamedTuple):
    """A cut, and what is cut off.

    Attributes:
        line: Where it is written.
        what: A clause: "`.item()` makes a Python number of it".
        operands: What the result was computed from.
    """

    line: int
    what: str
    operands: tuple[ast.expr, ...]


def cutter(node: ast.expr) -> Cutter | None:
    """What an expression of its own accord cuts; None for others."""
    match node:
        case ast.Attribute(value=owner, attr="data"):
            return Cutter(_line(node), "`.data` takes it off the graph", (owner,))
        case ast.Attribute(value=ast.Call() as call, attr="indices") if _has_indices(call):
            return Cutter(_line(node), f"`.indices` {_WHOLE}", _operands(call))
        case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=1)) if _has_indices(call):
            return Cutter(_line(node), "`[1]` gives indices, which have no derivative", _operands(call))
        case ast.Compare(left=left, comparators=others):
            return Cutter(node.lineno, "a comparison has no derivative", (left, *others))
        case ast.Call():
            return _call(node)
        case _:
            return None


def _call(node: ast.Call) -> Cutter | None:
    match node.func:
        case ast.Name(id=name) if name in _BUILTIN and node.args:
            return Cutter(node.lineno, f"`{name}()` {_BUILTIN[name]}", tuple(node.args))
        case ast.Name(id="Variable") if node.args:
            return None
        case ast.Attribute(value=owner, attr=name):
            return _method(node, owner, name)
        case _:
            return None


def _method(node: ast.Call, owner: ast.expr, name: str) -> Cutter | None:
    line = _line(node.func)
    if isinstance(owner, ast.Name) and owner.id == "torch":
        what = _TORCHS.get(name)
        return Cutter(line, f"`torch.{name}()` {what}", tuple(node.args)) if what is not None and node.args else None
    if isinstance(owner, ast.Name) and owner.id in {"np", "numpy", "math"}:
        return Cutter(line, f"`{owner.id}.{name}()` computes outside of PyTorch", tuple(node.args))
    if name in {"to", "type"} and any(_is_whole(each) for each in (*node.args, *(key.value for key in node.keywords))):
        return Cutter(line, f"`.{name}()` to whole numbers has no derivative", (owner,))
    what = _METHODS.get(name)
    return None if what is None else Cutter(line, f"`.{name}()` {what}", (owner,))


def _has_indices(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _INDEXED


def _operands(call: ast.Call) -> tuple[ast.expr, ...]:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    is_torch = owner is None or (isinstance(owner, ast.Name) and owner.id == "torch")
    return tuple(call.args) if is_torch or owner is None else (owner,)


def _is_whole(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Attribute) and expression.attr in _DTYPES


def _line(node: ast.expr) -> int:
    return node.end_lineno or node.lineno
