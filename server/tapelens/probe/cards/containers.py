"""One line for a list, tuple, dict or set of tensors."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any

from ..capture.graph import node_name
from ..capture.guards import undisturbed
from ..capture.inside import attributes, own_dict, sequence_kind, subscript, tuple_fields
from ..capture.reading import read_tensor
from .kinds import is_user_dict, kind_of
from .wording import outline, short

_ITEMS = 8
_LOOKED_AT = 64  # items that are asked whether they are tensors
_NESTED = 2
_WITH_ITEMS = ("container", "record")


def container_line(value: Any) -> str | None:  # noqa: ANN401 (any container)
    """One line for a container with tensors near its start; None for one without, which has its own words."""
    return _line(value, _NESTED) if _holds_a_tensor(value, _NESTED) else None


def fields_of(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 (a record)
    """Names and values of a named tuple's or a dataclass's fields."""
    if names := tuple_fields(value):
        return list(zip(names, tuple.__iter__(value), strict=False))
    own = dict(attributes(value))
    return [(name, own[name]) for name in type(value).__dataclass_fields__ if name in own]


def _line(value: Any, nested: int) -> str:  # noqa: ANN401
    kind = type(value)
    name = kind.__name__
    if kind_of(kind) == "record" and not isinstance(value, dict):
        fields = fields_of(value)
        shown = [f"{field}={_item(item, nested)}" for field, item in fields[:_ITEMS]]
        return f"{name}({_joined(shown, len(fields))})"
    table = _table(value)
    if table is not None:
        shown = [f"{subscript(key)}: {_item(item, nested)}" for key, item in islice(dict.items(table), _ITEMS)]
        text = f"{{{_joined(shown, dict.__len__(table))}}}"
        return text if kind is dict else f"{name}({text})"
    base = sequence_kind(kind.__mro__)
    shown = [_item(item, nested) for item in islice(base.__iter__(value), _ITEMS)]
    left, right = {list: "[]", tuple: "()", deque: "[]"}.get(base, "{}")
    text = f"{left}{_joined(shown, base.__len__(value))}{right}"
    return text if kind in (list, tuple, set) else f"{name}({text})"


def _joined(shown: list[str], count: int) -> str:
    return ", ".join(shown) + (f", … {count:,} in all" if count > len(shown) else "")


def _table(value: Any) -> dict[Any, Any] | None:  # noqa: ANN401
    """The dict that it is or wraps, read by the built-in's own methods."""
    if is_user_dict(type(value)):
        value = (own_dict(value) or {}).get("data")
    return value if dict in type(value).__mro__ else None


def _item(value: Any, nested: int) -> str:  # noqa: ANN401
    match kind_of(type(value)):
        case "tensor":
            with undisturbed():
                return outline(read_tensor(value)).replace(" cpu", "")
        case "node":
            return node_name(value)
        case "container" | "record" if nested > 1 and _holds_a_tensor(value, nested - 1):
            return _line(value, nested - 1)
        case "module" | "optimizer" | "container" | "record":
            return type(value).__name__
        case None:
            return short(value)


def _holds_a_tensor(value: Any, nested: int) -> bool:  # noqa: ANN401
    return any(
        kind in ("tensor", "node") or (kind in _WITH_ITEMS and nested > 1 and _holds_a_tensor(item, nested - 1))
        for item, kind in ((item, kind_of(type(item))) for item in islice(_items(value), _LOOKED_AT))
    )


def _items(value: Any) -> Iterable[Any]:  # noqa: ANN401
    if (table := _table(value)) is not None:
        return dict.values(table)
    if kind_of(type(value)) == "record":
        return [item for _, item in fields_of(value)]
    return sequence_kind(type(value).__mro__).__iter__(value)
