"""What lies below a card, in groups."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..capture.graph import ACCUMULATE_GRAD, is_custom, node_name
from ..capture.guards import is_uninitialised, undisturbed
from ..capture.hooks import hooks_of
from ..capture.inside import dict_items, own_dict, subscript
from ..capture.reading import Reading, read_tensor
from ..capture.saved import SavedReader
from .containers import fields_of
from .entries import Child, Group, Note, notes
from .kinds import kind_of
from .lines import groups_of
from .values import values_group
from .wording import bytes_text

if TYPE_CHECKING:
    import torch

_OF_MODULES = frozenset(("_parameters", "_buffers", "_modules"))
_ENTRIES = 200


def children_of(value: Any) -> list[Child]:  # noqa: ANN401 (a value with a card)
    """The groups below a tensor, node, module or optimizer."""
    match kind_of(type(value)):
        case "tensor":
            return _of_tensor(value)
        case "node":
            return _of_node(value)
        case "module":
            return _of_module(value)
        case "optimizer":
            return _of_optimizer(value)
        case "record":
            return [Child(name, item, f".{name}") for name, item in fields_of(value)]
        case _:
            return []


def _of_tensor(tensor: torch.Tensor) -> list[Child]:
    with undisturbed():
        reading = read_tensor(tensor)
        data = [
            *notes(
                shape=None if reading.shape is None else str(reading.shape),
                dtype=reading.dtype,
                device=reading.device,
                layout=reading.layout,
                **_memory(reading),
            )
        ]
    return [
        Child("autograd", Group(_autograd_line(reading), lambda: _autograd(tensor)), ""),
        Child("data", Group(_data_line(reading), lambda: data), ""),
        Child("values", values_group(tensor)),
    ]


def _autograd_line(reading: Reading) -> str:
    if not reading.graph_known:
        return "not shown"
    kind = "leaf" if reading.is_leaf == 1 else "non-leaf"
    return kind if reading.requires_grad == 1 else f"{kind}, needs no gradient"


def _data_line(reading: Reading) -> str:
    return "" if reading.storage is None else bytes_text(reading.storage[1])


def _memory(reading: Reading) -> dict[str, object]:
    tensor, base = reading.tensor, sys.modules["torch"]._C.TensorBase
    facts: dict[str, object] = {}
    if reading.storage is not None:
        facts["storage"] = bytes_text(reading.storage[1])
    if reading.layout == "strided" and reading.shape is not None and not is_uninitialised(tensor):
        try:
            facts["strides"] = str(tuple(base.stride(tensor)))
            facts["storage_offset"] = base.storage_offset(tensor)
        except (RuntimeError, NotImplementedError):  # functorch's
            pass
    return facts


def _autograd(tensor: torch.Tensor) -> list[Child]:
    with undisturbed():
        reading = read_tensor(tensor)
        hooks = [Child(hook.name, Note(_hook_place(hook))) for hook in hooks_of(tensor)]
    if not reading.graph_known:
        return notes(not_shown=reading.not_shown, requires_grad=_yes(reading.requires_grad), version=reading.version)
    found = [
        Child("is_leaf", Note(_yes(reading.is_leaf)), ".is_leaf"),
        Child("requires_grad", Note(_yes(reading.requires_grad)), ".requires_grad"),
        _grad(reading),
        Child("grad_fn", reading.node if reading.node is not None else Note("None"), ".grad_fn"),
        Child("retains_grad", Note(_yes(reading.retains_grad)), ".retains_grad"),
        Child("output_nr", Note(reading.output_nr), ".output_nr"),
    ]
    if reading.version >= 0:
        found.append(Child("version", Note(reading.version), "._version"))
    if reading.base is not None:
        found.append(Child("base", reading.base, "._base"))
    if hooks:
        found.append(Child("hooks", Group(f"{len(hooks)}", lambda: hooks)))
    if reading.not_shown:
        found += notes(not_shown=reading.not_shown)
    return found


def _yes(answer: int) -> str:
    return {1: "True", 0: "False"}.get(answer, "not shown")


def _grad(reading: Reading) -> Child:
    if reading.gradient is not None:
        return Child("grad", reading.gradient, ".grad")
    if reading.requires_grad != 1:
        return Child("grad", Note("None: the tensor needs no gradient"))
    if reading.is_leaf == 1:
        return Child("grad", Note("None: no backward has reached it, or it was cleared"), ".grad")
    if reading.retains_grad == 1:
        return Child("grad", Note("None: no backward has reached it"), ".grad")
    return Child("grad", Note("None: it is no leaf; call retain_grad() on it before backward to keep its gradient"))


def _hook_place(hook: Any) -> str:  # noqa: ANN401 (capture.hooks.Hook)
    when = "before its gradient is passed on" if hook.kind == "tensor_pre" else "after its .grad was accumulated"
    return when if hook.site is None else f"{when} · {hook.site.path}:{hook.site.line}"


def _of_node(node: Any) -> list[Child]:  # noqa: ANN401
    below = [
        Child(f"[{at}]", Note("no gradient needed") if target is None else target, f".next_functions[{at}][0]")
        for at, (target, _) in enumerate(node.next_functions)
    ]
    found = [Child("next_functions", Group(str(len(below)), lambda: below), "")]
    if node_name(node) == ACCUMULATE_GRAD:
        found.append(Child("variable", node.variable, ".variable"))
    saved = _saved(node)
    if saved:
        found.append(Child("saved", Group(str(len(saved)), lambda: saved)))
    if is_custom(node):
        found += notes(made_by="a custom autograd.Function")
    return found


def _saved(node: Any) -> list[Child]:  # noqa: ANN401
    with undisturbed():
        held = SavedReader().read(node)
    return [
        Child(slot.name, Note(" ".join(str(part) for part in (slot.shape, slot.dtype, _saved_words(slot)) if part)))
        for slot in held.slots
        if slot.state != "never"
    ] or ([Child("saved", Note("freed by an earlier backward"))] if held.state == "freed" else [])


def _saved_words(slot: Any) -> str:  # noqa: ANN401 (capture.saved.Saved)
    match slot.state:
        case "changed":
            return f"changed in place since: version {slot.version_saved} → {slot.version_now}"
        case "packed":
            return "packed by a hook"
        case "not_shown":
            return "not shown"
        case state:
            return "" if state == "live" else state


def _of_module(module: torch.nn.Module) -> list[Child]:
    own = own_dict(module) or {}
    found: list[Child] = []
    for title, table in (("parameters", "_parameters"), ("buffers", "_buffers"), ("modules", "_modules")):
        entries = [
            Child(str(key), Note("None") if item is None else item, _member(module, key))
            for key, item in dict_items(own.get(table))[:_ENTRIES]
        ]
        if entries:
            found.append(Child(title, Group(str(len(dict_items(own.get(table)))), lambda entries=entries: entries), ""))
    hooks = [
        Child(key.strip("_").replace("_", " "), item, f".{key}") for key, item in own.items() if "hook" in key and item
    ]
    if hooks:
        found.append(Child("hooks", Group("", lambda: hooks), ""))
    rest = [Child(key, item, f".{key}") for key, item in own.items() if key not in _OF_MODULES and not _of_torch(key)]
    return found + rest[:_ENTRIES]


def _of_torch(key: str) -> bool:
    """Names that ``nn.Module`` keeps for itself."""
    return "hook" in key or key.startswith(("_version", "_compiled", "_is_full_backward", "_non_persistent"))


def _member(module: Any, key: object) -> str:  # noqa: ANN401
    kind, text = type(module), str(key)
    if text.isidentifier():
        return f".{text}"
    if hasattr(kind, "__getitem__"):
        return f"[{text}]" if text.isdigit() else f"[{subscript(text)}]"
    return f"._modules[{subscript(text)}]"


def _of_optimizer(optimizer: torch.optim.Optimizer) -> list[Child]:
    groups = groups_of(optimizer)
    entries = [
        Child(f"[{index}]", Group(_group_line(group), lambda group=group, index=index: _of_group(group, index)), "")
        for index, group in enumerate(groups)
    ]
    state = dict_items((own_dict(optimizer) or {}).get("state"))
    kept = [Child(f"[{index}]", held, None) for index, (_, held) in enumerate(state[:_ENTRIES])]
    found = [Child("param_groups", Group(str(len(groups)), lambda: entries), "")]
    if kept:
        found.append(Child("state", Group(f"{len(state)}", lambda: kept)))
    return found


def _group_line(group: dict[str, Any]) -> str:
    params = group.get("params")
    count = len(params) if type(params) is list else 0
    settings = ", ".join(
        f"{key} {value}" for key, value in group.items() if type(value) in (int, float, bool) and key != "params"
    )
    return f"{count} parameters, {settings}" if settings else f"{count} parameters"


def _of_group(group: dict[str, Any], index: int) -> list[Child]:
    return [Child(str(key), value, f".param_groups[{index}][{subscript(key)}]") for key, value in group.items()]
