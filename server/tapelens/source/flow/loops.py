"""What a loop's variable holds."""

from __future__ import annotations

import ast

from .run import Run
from .values import Choice, Const, Instance, Items, Module, Named, Opaque, Params, Tensor, Value, join

_UNROLLED = 8


def exact_items(iterable: Value) -> list[Value] | None:
    """Every item in turn, where the text shows them all and they are few."""
    if isinstance(iterable, Items) and iterable.whole and 0 < len(iterable.items) <= _UNROLLED and not iterable.keys:
        return list(iterable.items)
    return None


def elements(run: Run, iterable: Value, at: ast.AST) -> Value:
    """Any one item."""
    match iterable:
        case Items(items=items) if items:
            return join(items)
        case Params():
            return Params(iterable.of, single=True)
        case Tensor(sure=True):
            return run.tensor(at, iterable, saves=False)
        case Tensor():
            return Opaque(reach=(iterable,))
        case Module() | Instance(is_module=True):
            part = Module(run.place(at), "part", guessed=True, has_parameters=None, loops=run.loops)
            iterable.parts.append(part)
            return part
        case Choice(options=options):
            return join(elements(run, option, at) for option in options)
        case Const() | Named():
            return Opaque()
        case Opaque():
            return Opaque(reach=iterable.reach, pure=iterable.pure)
        case _:
            return Opaque(reach=(iterable,))
