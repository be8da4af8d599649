"""What a loop's variable holds."""

from __future__ import annotations

import ast

from .run import Run
from .values import Choice, Const, Instance, Items, Module, Named, Opaque, Params, Tensor, Value, join

_UNROLLED = 8


def exact_items(iterable: Value) -> list[Value] | None:
    """Every item in turn, where the text shows them all and they are few."""
    if isinstance(iterable, (Module, Instance)) and 0 < len(layers := _layers(iterable)) <= _UNROLLED:
        return layers
    if isinstance(iterable, Items) and iterable.whole and 0 < len(iterable.items) <= _UNROLLED and not iterable.keys:
        return list(iterable.items)
    return None


def elements(run: Run, iterable: Value, at: ast.AST, *, turn: int | None = None) -> Value:
    """Any one item. ``turn``: of a loop's round: the first item in the first, any of the others in the next."""
    match iterable:
        case Items(items=items, whole=False) if turn is not None and len(items) > 1:
            return items[0] if turn == 0 else join(items[1:])
        case Items(items=items) if items:
            return join(items)
        case Params():
            return Params(iterable.of, single=True, over=at, is_data=iterable.is_data)
        case Tensor(sure=True):
            return run.tensor(at, iterable, saves=False)
        case Tensor():
            return Opaque(reach=(iterable,))
        case Module() | Instance(is_module=True):
            known = iterable.attributes.get("[each]")
            if known is None:
                known = Module(run.place(at), "part", guessed=True, has_parameters=None, loops=iterable.loops)
                iterable.attributes["[each]"] = known
            return join(_layers(iterable) or [known])
        case Choice(options=options):
            return join(elements(run, option, at) for option in options)
        case Const() | Named():
            return Opaque()
        case Opaque():
            return iterable.part()
        case _:
            return Opaque(reach=(iterable,))


def _layers(module: Module | Instance) -> list[Value]:
    """Of a list or row of modules, where the text shows them."""
    if isinstance(module, Instance) or module.guessed or not module.name.endswith(("Sequential", "List", "Dict")):
        return []
    if not all(isinstance(part, (Module, Instance)) for part in module.parts):
        return []
    return [part for part in module.parts if isinstance(part, (Module, Instance))]
