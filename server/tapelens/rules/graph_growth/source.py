"""Source twin: a sum, a list or a state to which every round of a loop ties its graph, and nothing lets go."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding
from ...source.flow.acts import Act, Backward, Emptied, Escaped, Forward, Kept, Step, Tied, Unknown
from ...source.flow.entries import Trace
from ...source.flow.reach import everything
from ...source.flow.values import Items, Node, Tensor
from ...source.questions import is_in, of_kind, walk
from ...wire.findings import Finding
from . import RULE


def graph_growth(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for act, name in (*_tied(trace), *_kept(trace)):
            place = act.when.place
            if id(place.node) in said:
                continue
            said.add(id(place.node))
            holder = f"`{name}`" if name else "the container"
            way = (
                f"`.append({act.value.name or 'loss'}.detach())`"
                if isinstance(act, Kept)
                else "`.item()` or `.detach()`"
            )
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"{holder} ties the graph of every iteration to those before: none of them is freed, and memory "
                    f"grows until it is full. Take the value without its graph: {way}."
                ),
            )


def _tied(trace: Trace) -> Iterator[tuple[Tied, str]]:
    for position, tie in of_kind(trace.acts, Tied):
        node, before = tie.value.node, tie.before.node
        if node is None or before is None:
            continue
        loop = _differing(node, before)
        if loop is None or not _carries_gradient(trace.acts, tie.value):
            continue
        if _is_run_later(trace.acts, position, tie.value):
            continue
        if _has_boundary(trace.acts, loop):
            if not _escapes(trace, tie.value):
                yield tie, tie.name
        elif isinstance(node.place.node, (ast.AugAssign, ast.BinOp)) and _is_watched(trace, loop, tie.value):
            yield tie, tie.name


def _kept(trace: Trace) -> Iterator[tuple[Kept, str]]:
    emptied = {id(act.items) for _, act in of_kind(trace.acts, Emptied)}
    for position, kept in of_kind(trace.acts, Kept):
        if kept.items.bounded or id(kept.items) in emptied or kept.value.node is None:
            continue
        if len(kept.when.loops) <= len(kept.items.loops):
            continue
        loop, turn = kept.when.loops[len(kept.items.loops)]
        if turn == 0 or not _carries_gradient(trace.acts, kept.value):
            continue
        if _is_run_later(trace.acts, position, kept.value):
            continue
        if _has_boundary(trace.acts, loop) or _is_watched(trace, loop, kept.value, kept.items):
            yield kept, kept.name


def _differing(node: Node, before: Node) -> int | None:
    """The loop in whose earlier round the old value was made."""
    for (loop, turn), (other, earlier) in zip(node.loops, before.loops, strict=False):
        if loop != other:
            return None
        if turn != earlier:
            return loop
    return None


def _carries_gradient(acts: Sequence[Act], value: Tensor) -> bool:
    """It surely requires one, or what it was made from was run backward."""
    if value.grad is True:
        return True
    near = {id(parent) for parent in value.node.parents} | {id(value.node)} if value.node is not None else set[int]()
    return any(id(root) in near for _, backward in of_kind(acts, Backward) for root in backward.nodes or ())


def _is_run_later(acts: Sequence[Act], position: int, value: Tensor) -> bool:
    """A later backward goes through it, other than its own round's."""
    tie = acts[position].when
    for act in acts[position + 1 :]:
        if isinstance(act, Backward):
            if act.nodes is None:
                return True
            spares = act.retain is True and isinstance(acts[position], Tied)
            if not spares and value.node is not None and id(value.node) in walk(act.nodes):
                own = any(root is value.node for root in act.nodes) and act.when.loop_from(tie) is None
                if not own or isinstance(acts[position], Tied):
                    return True
    return False


def _has_boundary(acts: Sequence[Act], loop: int) -> bool:
    """A round of the loop is an iteration: it has a step, or a backward where nothing steps."""
    if any(isinstance(act, Step) for act in acts):
        return any(isinstance(act, Step) and is_in(act.when, loop) for act in acts)
    return any(isinstance(act, Backward) and act.kind == "backward" and is_in(act.when, loop) for act in acts)


def _is_watched(trace: Trace, loop: int, value: Tensor, items: Items | None = None) -> bool:
    """Nothing runs backward in the loop; the whole life of the value is in sight, and no backward is in it."""
    if value.grad is not True or not any(isinstance(act, Forward) and is_in(act.when, loop) for act in trace.acts):
        return False
    if any(isinstance(act, Backward) and is_in(act.when, loop) for act in trace.acts):
        return False
    for act in trace.acts:
        given = (act.value,) if isinstance(act, Escaped) else act.of if isinstance(act, Unknown) else ()
        if given and any(each is value or each is items for each in everything(given)):
            return False
    return trace.is_script


def _escapes(trace: Trace, value: Tensor) -> bool:
    """Somebody out of sight gets it whole, and may run it backward: no part of it has been."""
    below = walk(_node(value))
    if any(
        id(root) in below for _, act in of_kind(trace.acts, Backward) if act.kind != "grad" for root in act.nodes or ()
    ):
        return False
    return any(
        value.node is not None and isinstance(act.value, Tensor) and id(value.node) in walk(_node(act.value))
        for _, act in of_kind(trace.acts, Escaped)
    )


def _node(value: Tensor) -> tuple[Node, ...]:
    return () if value.node is None else (value.node,)
