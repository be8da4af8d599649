"""One line for a value, such as ``Tensor (10, 2) float32 cpu · leaf · requires_grad · grad None``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any

from ..capture.graph import node_name
from ..capture.guards import undisturbed
from ..capture.inside import dict_items, own_dict
from ..capture.reading import Reading, read_tensor
from .containers import container_line
from .kinds import kind_of
from .values import few_values
from .wording import bytes_text, counted, outline, short

if TYPE_CHECKING:
    import torch

SEPARATOR = " · "
_MODULES = 10_000


def line_of(value: Any) -> str | None:  # noqa: ANN401 (any value of the user's)
    """The value's card; None when it has none, and the debugger's own words stand."""
    match kind_of(type(value)):
        case "tensor":
            return tensor_line(value)
        case "node":
            return node_line(value)
        case "module":
            return module_line(value)
        case "optimizer":
            return optimizer_line(value)
        case "container" | "record":
            return container_line(value)
        case None:
            return None


def tensor_line(tensor: torch.Tensor) -> str:
    """Shape, kind and what it is to autograd."""
    with undisturbed():
        reading = read_tensor(tensor)
        parts = [outline(reading), *_graph_words(reading)]
        values = few_values(reading)
    return SEPARATOR.join(part for part in (*parts, values) if part)


def _graph_words(reading: Reading) -> Iterable[str]:
    if not reading.graph_known:
        yield f"not shown: {reading.not_shown}"
        return
    if reading.node is not None:
        yield node_name(reading.node)
    elif reading.is_leaf == 1:
        yield "leaf"
    if reading.requires_grad == 1:
        yield "requires_grad"
    if reading.retains_grad == 1:
        yield "retains_grad"
    if reading.gradient is not None:
        yield "grad " + ("held" if reading.gradient_shape is None else str(reading.gradient_shape))
    elif reading.requires_grad == 1 and (reading.is_leaf == 1 or reading.retains_grad == 1):
        yield "grad None"
    if reading.is_view == 1:
        yield "view"


def node_line(node: Any) -> str:  # noqa: ANN401 (torch.autograd.graph.Node, which its types do not derive from)
    """``AddmmBackward0 · 3 inputs``."""
    return f"{node_name(node)}{SEPARATOR}{counted(len(node.next_functions), 'input')}"


def module_line(module: torch.nn.Module) -> str:
    """Its settings or its number of modules, its parameters, and whether it trains."""
    tensors, modules, more = parameters_of(module)
    with undisturbed():
        readings = [read_tensor(each) for each in tensors]
    held = sum(reading.gradient is not None for reading in readings)
    wanting = sum(reading.requires_grad == 1 for reading in readings)
    own = own_dict(module) or {}
    settings = settings_of(module)
    parts = [
        f"{type(module).__name__}({settings})" if settings else type(module).__name__,
        counted(modules - 1, "module") if modules > 1 else "",
        _weight_of(readings, more=more) if tensors else "",
        "frozen" if tensors and not wanting else "",
        f"grad in {held} of {wanting} tensors" if wanting else "",
        "training" if own.get("training") else "eval",
    ]
    return SEPARATOR.join(part for part in parts if part)


def _weight_of(readings: list[Reading], *, more: bool) -> str:
    count = counted(sum(prod(reading.shape) for reading in readings if reading.shape is not None), "parameter")
    return f"{'at least ' if more else ''}{count}, {bytes_text(_bytes(readings))}"


def settings_of(module: torch.nn.Module) -> str:
    """What torch's own modules say of themselves; a class of the user's would run code of the user's."""
    extra = getattr(type(module), "extra_repr", None)
    torch = sys.modules["torch"]
    if not getattr(extra, "__module__", "").startswith("torch.nn.") or extra is torch.nn.Module.extra_repr:
        return ""
    try:
        with undisturbed():
            return str(extra(module)) if extra is not None else ""
    except Exception:  # a module that is half made
        return ""


def parameters_of(module: torch.nn.Module) -> tuple[list[torch.Tensor], int, bool]:
    """Its parameters and those of the modules in it, once each; how many modules there are; whether there are more."""
    found: dict[int, torch.Tensor] = {}
    seen: set[int] = set()
    waiting: list[Any] = [module]
    tensor = sys.modules["torch"].Tensor
    while waiting and len(seen) < _MODULES:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        own = own_dict(each) or {}
        found.update((id(held), held) for _, held in dict_items(own.get("_parameters")) if tensor in type(held).__mro__)
        waiting.extend(child for _, child in dict_items(own.get("_modules")))
    return list(found.values()), len(seen), bool(waiting)


def optimizer_line(optimizer: torch.optim.Optimizer) -> str:
    """``AdamW · lr 0.001 · 14 parameters in 2 groups · state for 14``."""
    groups = groups_of(optimizer)
    rates = list(dict.fromkeys(short(group.get("lr")) for group in groups if "lr" in group))
    count = sum(len(group["params"]) for group in groups if type(group.get("params")) is list)
    state = (own_dict(optimizer) or {}).get("state")
    parts = [
        type(optimizer).__name__,
        f"lr {', '.join(rates[:4])}" if rates else "",
        f"{counted(count, 'parameter')} in {counted(len(groups), 'group')}",
        f"state for {len(dict_items(state))}" if dict_items(state) else "no state yet",
    ]
    return SEPARATOR.join(part for part in parts if part)


def groups_of(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """Its parameter groups, as they lie there."""
    groups = (own_dict(optimizer) or {}).get("param_groups")
    return [group for group in groups if type(group) is dict] if type(groups) is list else []


def _bytes(readings: Iterable[Reading]) -> int:
    return sum({reading.storage[0]: reading.storage[1] for reading in readings if reading.storage}.values())
