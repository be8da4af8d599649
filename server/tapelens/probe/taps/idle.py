"""Children of the user's modules that did not run although their parent did."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from typing import Any

from ...events import Idle
from .known import KnownModules, below, is_written_by_user, own_children, own_parameters

_NUMBER = re.compile(r"\d+")
_CONTAINERS = frozenset(("ModuleList", "ModuleDict", "Sequential"))
_AT_MOST = 64


def find_idle(ran: Mapping[int, Any], held_by: Mapping[int, tuple[int, ...]], known: KnownModules) -> tuple[Idle, ...]:
    """Look below all modules that ran.

    Args:
        ran: By ``id``.
        held_by: Serials of the optimizers that hold a parameter, by its ``id``.
        known: Where modules were made.
    """
    found: list[Idle] = []
    if not held_by:
        return ()
    for module in ran.values():
        children = own_children(module)
        still = [pair for pair in children if id(pair[1]) not in ran] if children else ()
        if not still or _is_container(type(module)) or not is_written_by_user(type(module)):
            continue
        for name, child in still:
            if len(found) < _AT_MOST and not _ran_in_part(child, ran) and not _has_brother(name, child, children, ran):
                found.extend(_idle(module, str(name), child, held_by, known))
    return tuple(found)


def _idle(
    parent: Any,  # noqa: ANN401 (a module)
    name: str,
    child: Any,  # noqa: ANN401 (a module)
    held_by: Mapping[int, tuple[int, ...]],
    known: KnownModules,
) -> Iterator[Idle]:
    parameters = [id(parameter) for each in below(child) for _, parameter in own_parameters(each)]
    held = tuple(parameter for parameter in parameters if parameter in held_by)
    if held:
        yield Idle(
            module=known.of(child).serial,
            name=name,
            kind=type(child).__name__,
            parent=type(parent).__name__,
            made=known.site_of_child(parent, name, child),
            held_by=tuple(sorted({serial for parameter in held for serial in held_by[parameter]})),
            parameters=held,
            is_named=_is_named(type(parent), name),
        )


def _ran_in_part(child: object, ran: Mapping[int, object]) -> bool:
    return any(id(each) in ran for each in below(child))


def _has_brother(name: str, child: object, children: list[tuple[str, Any]], ran: Mapping[int, object]) -> bool:
    """A sibling of its class with the same name but for a number ran: they are a list, and experts may rest."""
    stem = _NUMBER.sub("#", str(name))
    return stem != name and any(
        type(other) is type(child) and _NUMBER.sub("#", str(key)) == stem and _ran_in_part(other, ran)
        for key, other in children
    )


def _is_container(kind: type) -> bool:
    return any(base.__name__ in _CONTAINERS and base.__module__.startswith("torch.nn.") for base in kind.__mro__)


def _is_named(kind: type, name: str) -> bool:
    """A method other than the constructor names the child."""
    for base in kind.__mro__:
        for key, value in list(vars(base).items()):
            function = value.__func__ if type(value) in (classmethod, staticmethod) else value
            function = function.fget if type(function) is property else function
            if key != "__init__" and type(function) is types.FunctionType and _names(function.__code__, name):
                return True
    return False


def _names(code: types.CodeType, name: str) -> bool:
    return name in code.co_names or any(
        const == name if type(const) is str else type(const) is types.CodeType and _names(const, name)
        for const in code.co_consts
    )
