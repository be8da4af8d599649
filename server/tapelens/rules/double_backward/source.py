"""Source twin: two backwards whose graphs surely share what the first one frees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward
from ...source.flow.reach import overlap
from ...source.flow.values import Node
from ...source.questions import of_kind, text_of, walk, where
from ...wire.findings import Finding
from . import RULE


def double_backward(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for first, second, node in raised(trace.acts):
            place = second.when.place
            if id(place.node) not in said:
                said.add(id(place.node))
                yield finding(
                    RULE,
                    file=place.file,
                    at=place.node,
                    message=_message(first, second, node),
                    related=(related(first.when.place.file, first.when.place.node, "This backward frees the graph."),),
                )


def raised(acts: Sequence[Act]) -> Iterator[tuple[Backward, Backward, Node]]:
    """Backwards that must raise: what freed their graph, and a node of it."""
    freed: list[tuple[Backward, dict[int, Node]]] = []
    for _, second in of_kind(acts, Backward):
        if second.nodes and not second.when.tried and second.inputs == ():
            graph = walk(second.nodes, surely=True)
            hit = next(
                (
                    (first, node)
                    for first, nodes in freed
                    if second.when.follows(first.when)
                    for key, node in nodes.items()
                    if key in graph
                ),
                None,
            )
            if hit is not None:
                yield hit[0], second, hit[1]
                return
        elif second.nodes and not second.when.tried:
            graph = _run_by(second)
            for first, nodes in freed:
                common = [node for key, node in nodes.items() if key in graph]
                if common and second.when.follows(first.when):
                    yield first, second, common[0]
                    return
        if second.retain is False and second.create is False and second.nodes:
            freed.append((second, _freed_by(second)))


def _freed_by(backward: Backward) -> dict[int, Node]:
    """Nodes that surely ran and saved something."""
    ran = _run_by(backward) if backward.inputs else walk(backward.nodes, surely=True)
    roots = {id(node) for node in backward.nodes or ()}
    return {key: node for key, node in ran.items() if node.saves is True and (node.sure or key in roots)}


def _run_by(backward: Backward) -> dict[int, Node]:
    """With ``inputs``, only what lies on a way to them runs."""
    return {
        key: node
        for key, node in walk(backward.nodes, surely=True).items()
        if any(each.leaf is not None and overlap((each.leaf,), backward.inputs) for each in node.walk())
    }


def _message(first: Backward, second: Backward, node: Node) -> str:
    root = text_of(second.when.place).partition(".backward(")[0]
    root = f"`{root}`" if root and "(" not in root else "this root"
    again = "the iteration before ran" if second.when.loop_from(first.when) is not None else "ran"
    made = where(node.place)
    return (
        f"Trying to backward through the graph a second time: {root} reaches what was computed at {made}, and the "
        f"backward at {where(first.when.place)} {again} through it and freed it. Detach what is carried over, "
        f"compute it anew before this call, or pass retain_graph=True to the first call."
    )
