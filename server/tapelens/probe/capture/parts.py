"""What lies in a container or a plain object, and what a person writes behind its name to reach each part."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from .inside import (
    ITEMS_A_CONTAINER,
    attributes,
    class_attribute,
    may_open,
    own_dict,
    sequence_kind,
    subscript,
    tuple_fields,
)

Part = tuple[str, Any]
Called = Callable[[object], "str | None"]

_KEPT_IN: dict[tuple[str, str], str] = {
    ("collections", "UserDict"): "data",
    ("collections", "UserList"): "data",
    ("tensordict", "TensorDict"): "_tensordict",
}
"""By module and class: the attribute whose items are the object's own, as ``batch["input_ids"]`` of a ``UserDict``."""

THROUGH = {"_orig_mod": "OptimizedModule", "_actual_script_module": "TopLevelTracedModule"}
"""By attribute, the classes of torch.compile and torch.jit.trace that answer with the names of the module they hold."""


class Parts(NamedTuple):
    """The parts of a value.

    Attributes:
        named: What to write behind the value's name, and the part.
        left_out: Items beyond those.
    """

    named: Iterable[Part]
    left_out: int = 0


def parts_of(value: Any, called: Called) -> Parts | None:  # noqa: ANN401 (any value of the user's)
    """What lies in a value; None in one that is not looked into. ``called`` names a key that is no constant."""
    mro = type(value).__mro__
    if dict in mro:
        return _with_attributes(value, _items(value, called))
    if (fields := tuple_fields(value)) != ():
        return Parts((f".{field}", item) for field, item in zip(fields, tuple.__iter__(value), strict=False))
    if (kind := sequence_kind(mro)) is not None:
        spelled = "[*{}][%d]" if kind in (set, frozenset) else "[%d]"
        held = enumerate(list(islice(kind.__iter__(value), ITEMS_A_CONTAINER)))
        items = Parts(((spelled % at, item) for at, item in held), max(0, kind.__len__(value) - ITEMS_A_CONTAINER))
        return _with_attributes(value, items)
    kept = _kept_in(value, mro)
    if kept is not None:
        return parts_of(kept, called)
    return Parts(_attributes(value)) if may_open(type(value)) else None


def join(name: str, part: str) -> str:
    """A part's name behind the whole's: ``batch`` and ``["mask"]``, ``seen`` and ``[*{}][0]``."""
    return part.replace("{}", name, 1) if part.startswith("[*{}") else name + part


def _items(table: Any, called: Called) -> Parts:  # noqa: ANN401
    fields = _dataclass_fields(type(table))  # a ModelOutput of transformers: out["loss"] is out.loss
    pairs = list(islice(dict.items(table), ITEMS_A_CONTAINER))
    named = ((f".{key}" if type(key) is str and key in fields else _key(key, called), item) for key, item in pairs)
    return Parts(named, max(0, dict.__len__(table) - ITEMS_A_CONTAINER))


def _key(key: object, called: Called) -> str:
    name = called(key)
    return f"[{subscript(key) if name is None else name}]"


def _with_attributes(value: object, items: Parts) -> Parts:
    """A subclass of a container may carry more than its items."""
    if type(value).__module__ in {"builtins", "collections"} or not own_dict(value):
        return items
    return Parts((*items.named, *_attributes(value)), items.left_out)


def _attributes(value: object) -> Iterator[Part]:
    return ((f".{key}", item) for key, item in attributes(value) if type(key) is str and not key.startswith("__"))


def _dataclass_fields(kind: type) -> frozenset[str]:
    found = (base.__dict__.get("__dataclass_fields__") for base in kind.__mro__)
    fields = next((table for table in found if type(table) is dict), None)
    return frozenset(fields or ())


def _kept_in(value: object, mro: tuple[type, ...]) -> Any:  # noqa: ANN401
    """The plain container whose items the object passes off as its own."""
    for kind in mro:
        top = kind.__module__.partition(".")[0] if type(kind.__module__) is str else ""
        attribute = _KEPT_IN.get((top, kind.__name__))
        if attribute is not None:
            kept = (own_dict(value) or {}).get(attribute)
            return kept if type(kept) in (dict, list) else None
    return None


def is_node(kind: type) -> bool:
    """Whether it is a type of autograd nodes: torch's own, or a custom ``Function``'s."""
    function = sys.modules["torch"]._C._FunctionBase
    own = kind.__dict__
    return function in kind.__mro__ or ("next_functions" in own and "_sequence_nr" in own and kind.__base__ is object)


def is_attribute(key: object) -> bool:
    """Whether it is the user's: no dunder, and none of torch's dicts of hooks (``_forward_hooks_with_kwargs``)."""
    hooks = ("_hooks", "_hook", "_hooks_with_kwargs", "_hooks_always_called")
    return type(key) is str and not key.startswith("__") and not (key.startswith("_") and key.endswith(hooks))


def child_name(module: Any, name: str, key: object) -> str:  # noqa: ANN401 (a module of the user's)
    """A module inside a module: ``layers[3]``, ``heads["a"]``, ``model.encoder``."""
    text = key if type(key) is str else "?"
    kind = type(module)
    if THROUGH.get(text) == kind.__name__:
        return name
    has_items = class_attribute(kind, "__getitem__") is not None
    if has_items and (text.isdigit() or class_attribute(kind, "keys") is not None):
        return f"{name}[{text}]" if text.isdigit() else f"{name}[{subscript(text)}]"
    return f"{name}.{text}"


def tensor_name(module: Any, name: str, key: object) -> str:  # noqa: ANN401
    """A parameter or buffer of a module; only lists and dicts of parameters have theirs by subscript."""
    nn = sys.modules["torch"].nn
    if nn.ParameterList in type(module).__mro__ or nn.ParameterDict in type(module).__mro__:
        return child_name(module, name, key)
    return f"{name}.{key}"
