"""Source twin: a literal ``retain_graph=True``, and nothing in sight that runs any of that graph again."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding
from ...source.flow.acts import Act, Backward, Escaped, Unknown
from ...source.flow.entries import Trace
from ...source.flow.reach import everything
from ...source.flow.values import Node, Opaque, Place, Tensor, Value
from ...source.questions import inner, is_literal, is_live, of_kind, text_of, walk
from ...wire.findings import Finding
from . import RULE


def needless_retain_graph(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "retain_graph" not in file.text:
        return
    needed: set[int] = set()
    needless: dict[int, Place] = {}
    for trace in file.traces:
        for place, is_needed in _judged(trace):
            if is_needed:
                needed.add(id(place.node))
            else:
                needless.setdefault(id(place.node), place)
    for key, place in needless.items():
        if key not in needed:
            call = text_of(place).partition("(")[0] or "this call"
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"`retain_graph=True` keeps the graph of `{call}` alive, and no later backward uses any of it: "
                    f"what it saved stays in memory. Drop `retain_graph=True`; if an error then names a second "
                    f"backward, detach what is carried over from the iteration before."
                ),
            )


def _judged(trace: Trace) -> Iterator[tuple[Place, bool]]:
    for position, backward in of_kind(trace.acts, Backward):
        if backward.retain is True and is_literal(backward.when.place, "retain_graph"):
            known = backward.nodes is not None and backward.create is False
            repeated = is_live(backward.when, is_script=trace.is_script)
            known = known and not _goes_over_roots(trace, backward)
            needed = not known or not repeated or _is_used_later(trace.acts, position, backward)
            yield backward.when.place, needed


def _goes_over_roots(trace: Trace, backward: Backward) -> bool:
    """The root is the variable of a loop: losses that share a graph are run like that, however many there are."""
    call = backward.when.place.node
    statement = trace.loops.get(backward.when.loops[-1][0]) if backward.when.loops else None
    bound = getattr(statement, "target", None)
    if not isinstance(bound, ast.AST) or not isinstance(call, ast.Call):
        return False
    names = {each.id for each in ast.walk(bound) if isinstance(each, ast.Name)}
    roots = [call.func, *call.args[:1]]
    return any(isinstance(each, ast.Name) and each.id in names for root in roots for each in ast.walk(root))


def _is_used_later(acts: Sequence[Act], position: int, backward: Backward) -> bool:
    mine = _made_of(backward.nodes)
    for act in acts[position + 1 :]:
        match act:
            case Backward():
                if act.nodes is None or _made_of(act.nodes) & mine:
                    return True
            case Escaped(value=value):
                if _carries((value,), mine):
                    return True
            case Unknown(of=values):
                if _carries(values, mine):
                    return True
            case _:
                pass
    return False


def _made_of(nodes: Sequence[Node] | None) -> set[int]:
    """The graph's own nodes, and the unknown values in it, which may have a graph behind them."""
    below = walk(nodes)
    return inner(nodes) | {id(each) for node in below.values() for each in node.unknown}


def _carries(values: Sequence[Value], mine: set[int]) -> bool:
    return any(
        (isinstance(each, Tensor) and each.node is not None and bool(_made_of((each.node,)) & mine))
        or (isinstance(each, Opaque) and any(id(one) in mine for one in each.all_origins()))
        for each in everything(values)
    )
