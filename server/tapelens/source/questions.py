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


def walk(nodes: Iterable[Node] | None, *, surely: bool = False) -> dict[int, Node]:
    """All nodes below these, by identity."""
    return {id(node): node for root in nodes or () for node in root.walk(surely=surely)}


def inner(nodes: Iterable[Node] | None) -> set[int]:
    """Those of them that are no leaves: what only one graph has."""
    return {key for key, node in walk(nodes).items() if node.leaf is None}


def is_literal(place: Place, keyword: str) -> bool:
    """Whether the call says ``keyword=True`` in so many letters."""
    return isinstance(place.node, ast.Call) and any(
        each.arg == keyword and isinstance(each.value, ast.Constant) and each.value.value is True
        for each in place.node.keywords
    )


def is_live(moment: Moment, *, is_script: bool) -> bool:
    """It comes again and again: in a loop, or in a function that somebody out of sight calls."""
    return bool(moment.loops) or not is_script


def is_in(moment: Moment, loop: int) -> bool:
    """Whether it lies in some round of a loop."""
    return any(number == loop for number, _ in moment.loops)
