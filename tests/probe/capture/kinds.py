"""One tensor of each kind, stopped beside it, and what a capture said: docs/limits.md is made of this.

``python tests/probe/capture/kinds.py --write`` writes the tables of docs/limits.md anew.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "limits.md"
BEGIN, END = "<!-- tables: begin (python tests/probe/capture/kinds.py --write) -->", "<!-- tables: end -->"

Look = Callable[[FrameType], None]
"""Stops beside the frame's ``odd``."""


@dataclass(frozen=True)
class Kind:
    """A kind of tensor or graph.

    Attributes:
        make: Builds one as its local ``odd`` and looks at its frame once.
        name: What the frame calls the tensor.
        torch_says: Whether torch's own attributes of ``odd`` tell the same facts afterwards.
        aside: What no attribute of a tensor tells.
    """

    group: str
    label: str
    make: Callable[[Look], object]
    name: str
    torch_says: bool
    aside: str


KINDS: dict[str, Kind] = {}


def kind(
    group: str, *, name: str = "odd", torch_says: bool = True, aside: str = "", since: str = ""
) -> Callable[[Callable[[Look], object]], Any]:
    """Register a kind; its docstring is its label, and ``since`` what it needs of torch (``distributed.tensor``)."""

    def register(make: Callable[[Look], object]) -> Callable[[Look], object]:
        if since and importlib.util.find_spec(f"torch.{since}") is None:
            return make
        label = str(make.__doc__).removesuffix(".")
        KINDS[make.__name__] = Kind(group, label, make, name, torch_says, aside)
        return make

    return register


def load() -> dict[str, Kind]:
    """All kinds, in the order of the page."""
    for module in ("kinds_of_tensors", "kinds_of_graphs"):
        importlib.import_module(f"probe.capture.{module}")
    return KINDS


# -- the page -----------------------------------------------------------------------------------------------


def row_of(kind: Kind, stop: Any) -> str:
    """One line of a table."""
    tensor = stop.tensors.get(kind.name)
    shown = "no tensor of the frame's" if tensor is None else " · ".join(_shown(tensor, stop))
    missing = "" if tensor is None else _missing(tensor)
    return f"| {kind.label} | {shown} | {_graph(stop)} | {missing or kind.aside} |"


def _shown(tensor: Any, stop: Any) -> list[str]:
    parts = [f"`{tensor.type_name}`"]
    parts += [f"shape {tensor.shape}"] if tensor.shape is not None else []
    parts += [part for part in (tensor.dtype, tensor.device, tensor.layout) if part not in (None, "strided")]
    flags = {"leaf": tensor.is_leaf, "view": tensor.is_view}
    flags |= {"requires_grad": tensor.requires_grad, "retains_grad": tensor.retains_grad}
    parts += [flag for flag, holds in flags.items() if holds]
    parts += [f"grad_fn {tensor.grad_fn_name}"] if tensor.grad_fn_name else []
    parts += [f"version {tensor.version}"] if tensor.version is not None else []
    parts += [f"grad {tensor.grad_shape}"] if tensor.grad == "held" else []
    parts += ["storage"] if tensor.storage is not None else []
    parts += ["values"] if tensor.statistics is not None else []
    inner = [
        f"`{name}`" for name in stop.tensors if name.startswith(f"{tensor.name}._") or name == f"{tensor.name}.held"
    ]
    parts += ["and " + ", ".join(inner)] if inner else []
    return parts


def _missing(tensor: Any) -> str:
    fields = {
        "shape": tensor.shape,
        "device": tensor.device,
        "leaf": tensor.is_leaf,
        "version": tensor.version,
        "storage": tensor.storage,
        "values": tensor.statistics,
    }
    missing = [field for field, value in fields.items() if value is None]
    missing += ["grad"] if tensor.grad == "not_read" else []
    missing += ["values of grad"] if tensor.grad == "held" and tensor.grad_statistics is None else []
    reason = (tensor.not_shown or "").removeprefix("its values: ").removeprefix("the values of its grad: ")
    return f"{', '.join(missing)}: {reason}" if missing or reason else ""


def _graph(stop: Any) -> str:
    saved: dict[int, list[str]] = {}
    for slot in stop.saved:
        saved.setdefault(slot.node, []).append(f"{slot.name} {slot.state}")
    told = [node.name + (f" ({', '.join(saved[row])})" if row in saved else "") for row, node in enumerate(stop.nodes)]
    return " → ".join(told[:6]) + (f" and {len(told) - 6} more" if len(told) > 6 else "")


def tables(stops: dict[str, Any]) -> str:
    """The bounds of a snapshot, and all tables, a heading a group."""
    lines = ["", "| bound | at most |", "| --- | --- |", *(f"| {what} | {bound} |" for what, bound in _bounds())]
    for group in dict.fromkeys(kind.group for kind in load().values()):
        lines += ["", f"### {group}", "", "| kind | shown | graph (saved tensors) | not shown, and why |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [row_of(kind, stops[name]) for name, kind in load().items() if kind.group == group and name in stops]
    return "\n".join([*lines, ""])


def _bounds() -> list[tuple[str, str]]:
    from tapelens.probe.capture import inside, names, statistics
    from tapelens.probe.capture.frame import BOUNDS

    return [
        ("tensors in a snapshot", f"{BOUNDS.tensors:,}"),
        ("values looked into for tensors", f"{BOUNDS.values:,}"),
        ("items of one container", f"{inside.ITEMS_A_CONTAINER}"),
        ("containers and plain objects inside one another", f"{names.DEPTH}"),
        ("names of one tensor", f"{names.NAMES_A_TENSOR}"),
        ("nodes", f"{BOUNDS.nodes:,}"),
        ("saved tensors", f"{BOUNDS.saved:,}"),
        ("hooks", f"{BOUNDS.hooks:,}"),
        ("time for saved tensors and shapes", f"{BOUNDS.details_ms} ms"),
        ("time for values", f"{BOUNDS.numbers_ms} ms"),
        ("bytes of values", f"{statistics.BYTE_BUDGET >> 20} MiB"),
    ]


def replaced(page: str, made: str) -> str:
    """The page with other tables."""
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + made + "\n" + END + rest.partition(END)[2]


def _write() -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from probe.capture import observing

    stops = {name: observing.observe(each).stop for name, each in load().items()}
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), tables(stops)), encoding="utf-8")


if __name__ == "__main__":
    sys.modules["probe.capture.kinds"] = sys.modules[__name__]
    _write()
