"""What twins ask of a trace."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TypeVar

from .flow.acts import Act, Backward, Cleared, GradWritten, Moment, Step, Unknown
from .flow.reach import overlap
from .flow.values import Instance, Items, Module, Node, Optimizer, Params, Place, Scaler, Tensor, Value

Kind = TypeVar("Kind", bound=Act)


def of_kind(acts: Iterable[Act], kind: type[Kind]) -> Iterator[tuple[int, Kind]]:
    """Acts of one kind, with their positions."""
    for position, act in enumerate(acts):
        if isinstance(act, kind):
            yield position, act


def may_clear(act: Act, held: Sequence[Value]) -> bool:
    """Whether gradients of these may be cleared by it, or by whom it hands them to."""
    return isinstance(act, (Cleared, Unknown)) and overlap(act.of, held) is not False


def may_write(act: Act, held: Sequence[Value]) -> bool:
    """The same of any change of gradients."""
    return isinstance(act, (Cleared, Unknown, GradWritten)) and overlap(act.of, held) is not False


def feeds(backward: Backward, held: Sequence[Value]) -> bool | None:
    """Whether it adds to gradients of these; None where nobody can tell."""
    if backward.nodes is None:
        return None
    used = used_by(backward.nodes)
    return overlap(used, held)


def used_by(nodes: Iterable[Node]) -> list[Value]:
    """Modules and leaves below these nodes."""
    used: list[Value] = []
    for root in nodes:
        for node in root.walk():
            if node.module is not None:
                used.append(node.module)
            if node.leaf is not None:
                used.append(node.leaf)
    return used


def steps_by_number(acts: Iterable[Act]) -> dict[int, Optimizer]:
    """Optimizers by the number of their step, for what happens in closures."""
    return {step.number: step.optimizer for _, step in of_kind(acts, Step)}


def name_of(value: Value, default: str = "it") -> str:
    """What the program calls a value."""
    match value:
        case Tensor():
            return value.name or default
        case Module() | Instance() | Optimizer() | Scaler() | Items():
            return value.variable or default
        case Params():
            return name_of(value.of[0], default) if len(value.of) == 1 else default
        case _:
            return default


def text_of(place: Place) -> str:
    """A node as the program writes it, if it is short."""
    text = ast.unparse(place.node) if isinstance(place.node, ast.expr) else ""
    return text if 0 < len(text) <= _SHORT else ""


_SHORT = 60


def where(place: Place) -> str:
    """``train.py:12``."""
    return f"{PurePath(place.file.path).name}:{getattr(place.node, 'lineno', 1)}"


def is_repeated(moment: Moment) -> bool:
    """It is in a loop, or in a function whose caller is not in sight."""
    return bool(moment.loops)
