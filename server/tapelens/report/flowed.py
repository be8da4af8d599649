"""What is to be said of a backward that ran: who made a gradient not finite, and what was not seen."""

from __future__ import annotations

from collections.abc import Iterator

from ..store.hooked import hooked_gradient_rows
from ..store.rows import Statistics, edge_gradient_rows, node_gradient_rows, node_rows, tensor_rows
from ..wire.gradients import FirstNonFinite, Gradients
from ..wire.snapshot import Snapshot
from .graph import Labels
from .wording import VALUES_SHOWN, counted, number, place


def flow_sentences(ran: Gradients, snapshot: Snapshot | None) -> list[str]:
    """Sentences on one backward; ``snapshot`` is of a stop whose graph it ran through."""
    return list(_sentences(ran, snapshot))


def nonfinite_sentence(ran: Gradients, snapshot: Snapshot | None) -> str:
    """Which node was the first to turn finite gradients into others; empty when none did."""
    found = ran.first_nonfinite
    if found is None:
        return ""
    odd = (
        " and ".join(f"{count:,} {word}" for count, word in ((found.nan, "NaN"), (found.inf, "Inf")) if count)
        or "others"
    )
    if found.key == 0:
        return f"The gradient that this backward began with was not finite: {odd}."
    who = f"`{found.name}`{_whence(found)}"
    if found.hook:
        return f"{_hook(found)} turned the finite gradient at {who} into {odd}{_around_hook(ran, found)}."
    if found.position < 0:
        return f"Finite gradients came to {who} along several edges, and their sum has {odd}."
    return f"{who} turned finite gradients into {odd}{_around_node(ran, found, snapshot)}."


def _sentences(ran: Gradients, snapshot: Snapshot | None) -> Iterator[str]:
    if sentence := nonfinite_sentence(ran, snapshot):
        yield sentence
    if ran.not_shown is not None:
        yield f"Its gradients are not shown: {ran.not_shown}."
    if ran.left_out:
        yield f"{counted(ran.left_out, 'node')} of the graph not watched, or not read whether finite."


def _whence(found: FirstNonFinite) -> str:
    where = [place(found.site)] if found.site is not None else []
    where += [found.module] if found.module else []
    return f" ({', '.join(where)})" if where else ""


def _hook(found: FirstNonFinite) -> str:
    return "A hook" if found.hook == "a hook" else f"The hook `{found.hook}`"


def _around_hook(ran: Gradients, found: FirstNonFinite) -> str:
    rows = [row for row in hooked_gradient_rows(ran) if row.key == found.key and row.changed]
    if len(rows) != 1 or rows[0].before is None or rows[0].after is None or not _is_literal(rows[0].after):
        return ""
    return f": {_spoken(rows[0].before)} became {_spoken(rows[0].after)}"


def _around_node(ran: Gradients, found: FirstNonFinite, snapshot: Snapshot | None) -> str:
    """What the node was given, what it sent, and whereto."""
    given = [row.statistics for row in node_gradient_rows(ran) if row.key == found.key]
    sent = [row for row in edge_gradient_rows(ran) if row.source == found.key and row.position == found.position]
    if len(given) != 1 or len(sent) != 1:
        return ""
    to = _target(sent[0].target, snapshot)
    if given[0] is None:
        return f", and sent them to {to}" if to else ""
    was_given = f": it was given {_spoken(given[0])}"
    along = sent[0].statistics
    what = _plain(along) if along is not None and _is_literal(along) else "them"
    return f"{was_given} and sent {what}{f' to {to}' if to else ''}"


def _target(key: int, snapshot: Snapshot | None) -> str:
    if snapshot is None or key not in snapshot.nodes.key:
        return ""
    nodes = node_rows(snapshot)
    row = snapshot.nodes.key.index(key)
    return f"`{Labels(nodes, tensor_rows(snapshot)).tensors(row) or nodes[row].name}`"


def _is_literal(statistics: Statistics | None) -> bool:
    return statistics is not None and 0 < statistics.count == len(statistics.first[:VALUES_SHOWN])


def _spoken(statistics: Statistics) -> str:
    return _plain(statistics) if _is_literal(statistics) else f"a gradient of norm {number(statistics.norm)}"


def _plain(statistics: Statistics) -> str:
    shown = ", ".join(map(number, statistics.first))
    return shown if statistics.count == 1 else f"[{shown}]"
