"""What lies inside a value, found without running anything of the user's: no property, no ``__getattr__``."""

from __future__ import annotations

import enum
import json
import sys
import types
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .variables import local_variables

ITEMS_A_CONTAINER = 256
ATOMS: frozenset[type] = frozenset(
    {
        *(int, float, complex, bool, str, bytes, bytearray, range, slice, type(None), type(...)),
        *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, types.GeneratorType),
        *(types.CodeType, type),
    }
)
"""Types with nothing inside that a person would name."""

_OPEN_LIBRARY = frozenset(("argparse", "types", "collections", "functools", "__main__"))
"""Modules of the standard library whose objects carry what users put in."""

_OURS = __name__.partition(".")[0]


def look_up(frame: types.FrameType, name: str) -> Any:  # noqa: ANN401 (any value of the user's)
    """What a plain name means in the frame; None for nothing (or None)."""
    local = local_variables(frame)
    return local[name] if name in local else frame.f_globals.get(name)


def member(value: Any, name: str) -> Any:  # noqa: ANN401
    """``value.name`` as far as it lies there; None for nothing (or None)."""
    own = own_dict(value) or {}
    if name in own:
        return own[name]
    for table in ("_parameters", "_buffers", "_modules"):
        held = own.get(table)
        if isinstance(held, dict) and name in held:
            return held[name]
    if name in (fields := tuple_fields(value)):
        return tuple.__getitem__(value, fields.index(name))
    return next((item for key, item in attributes(value) if key == name), None)


def element(value: Any, key: object) -> Any:  # noqa: ANN401
    """``value[key]`` of the plain containers and of modules that are containers."""
    mro = type(value).__mro__
    if dict in mro:
        return dict.get(value, key)
    children = (own_dict(value) or {}).get("_modules")
    if isinstance(children, dict) and children:
        return children.get(str(key))
    if type(key) is int and (list in mro or tuple in mro):
        kind = list if list in mro else tuple
        return kind.__getitem__(value, key) if -kind.__len__(value) <= key < kind.__len__(value) else None
    return None


def subscript(key: object) -> str:
    """A key as it stands between brackets."""
    kind = type(key)
    if kind is str:
        return json.dumps(key, ensure_ascii=False)
    if kind in (int, bool, float, complex, bytes, type(None)):
        return repr(key)
    if kind is tuple and key:
        parts = [subscript(part) for part in tuple.__iter__(key)]  # pyright: ignore[reportArgumentType]
        return ", ".join(parts) if len(parts) > 1 else f"{parts[0]},"
    if enum.Enum in kind.__mro__:
        return f"{kind.__name__}.{(own_dict(key) or {}).get('_name_')}"
    return f"<{kind.__name__}>"


def dict_items(table: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    """Items of a dict of any kind, by the built-in's own iteration; nothing of anything else."""
    return list(dict.items(table)) if dict in type(table).__mro__ else []


def sequence_kind(mro: tuple[type, ...]) -> Any:  # noqa: ANN401 (one of five built-in types)
    """The built-in sequence or set that a type is: ask by its methods, not by the subclass's."""
    return next((kind for kind in (list, tuple, deque, set, frozenset) if kind in mro), None)


def tuple_fields(value: object) -> tuple[str, ...]:
    """Field names of a named tuple."""
    kind = type(value)
    if tuple not in kind.__mro__:
        return ()
    # what torch.max(x, dim=0) returns is a structseq, which keeps its names elsewhere
    is_structseq = class_attribute(kind, "n_sequence_fields") is not None
    fields = class_attribute(kind, "__match_args__" if is_structseq else "_fields")
    return fields if type(fields) is tuple else ()


def class_attribute(kind: type, name: str) -> Any:  # noqa: ANN401
    """What a class or a base of it defines, as it lies there; a metaclass is not asked."""
    return next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), None)


def may_open(kind: type) -> bool:
    """Whether objects of the class carry what users put in: not the standard library's own."""
    top = kind.__module__.partition(".")[0] if type(kind.__module__) is str else ""
    return top in _OPEN_LIBRARY or (top not in sys.stdlib_module_names and top != _OURS)


def attributes(value: object) -> Iterator[tuple[str, Any]]:
    """What lies in the object: its dict and its slots."""
    yield from list(islice((own_dict(value) or {}).items(), ITEMS_A_CONTAINER))
    for kind in type(value).__mro__:
        for name, slot in list(kind.__dict__.items()):
            if type(slot) is types.MemberDescriptorType:
                try:
                    yield name, slot.__get__(value)
                except AttributeError:  # an empty slot
                    continue


def own_dict(value: object) -> dict[str, Any] | None:
    """The object's real ``__dict__``."""
    for kind in type(value).__mro__:
        descriptor = kind.__dict__.get("__dict__")
        if descriptor is not None:
            real = type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType)  # no property
            own = descriptor.__get__(value) if real else None
            return own if type(own) is dict else None
    return None
