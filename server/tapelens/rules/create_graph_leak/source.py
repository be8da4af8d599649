"""Source twin: a literal ``create_graph=True`` in a ``.backward()``, and nobody looks at what it made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding
from ...source.flow.acts import Act, Backward, Clipped, Escaped, GradRead, Unknown
from ...source.flow.reach import everything
from ...source.flow.values import Place, Tensor, Value
from ...source.questions import inner, is_literal, is_live, of_kind
from ...wire.findings import Finding
from . import RULE


def create_graph_leak(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "create_graph" not in file.text:
        return
    used: set[int] = set()
    leaks: dict[int, Place] = {}
    for trace in file.traces:
        for position, backward in of_kind(trace.acts, Backward):
            place = backward.when.place
            if backward.kind == "grad" or not is_literal(place, "create_graph"):
                continue
            lives = backward.nodes is not None and is_live(backward.when, is_script=trace.is_script)
            if not lives or _is_used(trace.acts, position, backward):
                used.add(id(place.node))
            leaks.setdefault(id(place.node), place)
    for key, place in leaks.items():
        if key not in used:
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    "`create_graph=True` gives every `.grad` a graph of its own, and nothing uses any of them: they "
                    "and their parameters refer to each other and stay in memory. Drop `create_graph=True`."
                ),
            )


def _is_used(acts: Sequence[Act], position: int, backward: Backward) -> bool:
    mine = inner(backward.nodes)
    for act in acts[position + 1 :]:
        match act:
            case GradRead() | Unknown() | Clipped():
                return True
            case Backward():
                if act.nodes is None or (act is not backward and inner(act.nodes) & mine):
                    return True
            case Escaped(value=value):
                if _carries((value,), mine):
                    return True
            case _:
                pass
    return False


def _carries(values: Sequence[Value], mine: set[int]) -> bool:
    return any(
        isinstance(each, Tensor) and each.node is not None and inner((each.node,)) & mine for each in everything(values)
    )
