"""What a value leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .attributes import Bound
from .values import (
    Choice,
    Class,
    Const,
    Function,
    Grad,
    Instance,
    Items,
    Module,
    Named,
    Opaque,
    Optimizer,
    Params,
    Scaler,
    Tensor,
    Value,
)

_MATTERS = (Optimizer, Module, Params, Grad, Scaler)


def parts(value: Value) -> Iterator[Value]:
    """What it leads to at once."""
    match value:
        case Choice():
            yield from value.options
        case Opaque():
            yield from value.reach
        case Items():
            yield from value.items
        case Params():
            yield from value.of
        case Grad():
            yield value.of
        case Optimizer():
            yield from value.held
        case Module():
            yield from value.parts
            yield from value.attributes.values()
        case Instance():
            yield from value.parts
            yield from value.attributes.values()
        case Bound():
            yield value.receiver
        case Tensor():
            yield from value.reach
            if value.module is not None:
                yield value.module
        case Function():
            if value.bound is not None:
                yield value.bound
            yield from value.args
            yield from value.keywords.values()
        case _:
            return


_FAR, _FARTHEST = 60, 2000
"""Values that are looked through; what leads to more may lead anywhere."""


def everything(values: Iterable[Value], at_most: int = _FARTHEST) -> Iterator[Value]:
    """These and all that they lead to, each once; something unknown at the end if that is too much."""
    for number, value in enumerate(each_once(values, parts), start=1):
        yield value
        if number > at_most:
            yield Opaque()
            return


def each_once(values: Iterable[Value], onwards: Callable[[Value], Iterable[Value]]) -> Iterator[Value]:
    """These and what they lead to, step by step."""
    seen: set[int] = set()
    todo = list(values)
    while todo:
        value = todo.pop()
        if id(value) not in seen:
            seen.add(id(value))
            yield value
            todo.extend(onwards(value))


def touching(values: Iterable[Value]) -> tuple[Value, ...]:
    """Those through which autograd's state can be reached, or that lead too far to be sure."""
    return tuple(value for value in values if _touches(value))


def _touches(value: Value) -> bool:
    if isinstance(value, (Const, Named, Class)) or (isinstance(value, Opaque) and not value.reach):
        return False
    count = 0
    for each in everything((value,), _FAR):
        count += 1
        if _matters(each):
            return True
    return count > _FAR


def _matters(value: Value) -> bool:
    if isinstance(value, Tensor):
        return value.grad is not False
    return isinstance(value, _MATTERS) or (isinstance(value, Instance) and value.is_module)


def holds_unknown(values: Iterable[Value]) -> bool:
    """Whether something in it is not known."""
    return any(isinstance(each, Opaque) for each in everything(values))


def atoms(values: Iterable[Value]) -> tuple[set[int], bool]:
    """Ids of the modules and leaves in it, and whether there may be others."""
    ids: set[int] = set()
    unknown = False
    for value in everything(values):
        if isinstance(value, (Module, Tensor)) or (isinstance(value, Instance) and value.is_module):
            ids.add(id(value))
            unknown = unknown or (isinstance(value, Module) and value.guessed)
        elif isinstance(value, Opaque):
            unknown = True
    return ids, unknown


def overlap(one: Iterable[Value], other: Iterable[Value]) -> bool | None:
    """Whether they share parameters; None where nobody can tell."""
    mine, mine_unknown = atoms(one)
    others, others_unknown = atoms(other)
    if mine & others:
        return True
    return None if mine_unknown or others_unknown else False
