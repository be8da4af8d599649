"""What was seen of a backward, as it crosses the wire."""

from __future__ import annotations

from typing import Any

from ....wire.gradients import (
    EdgeGradients,
    FirstNonFinite,
    Gradients,
    HookedGradients,
    LeafGradients,
    NodeGradients,
)
from ....wire.sites import Site
from ..numbers import columns_of
from .flow import Watched
from .records import LeafRow

NOTHING_HOOKED = HookedGradients(key=(), output_nr=(), where=(), before=(), after=(), changed=())


def gradients_message(
    watched: Watched, leaves: list[LeafRow], first_nonfinite: FirstNonFinite | None, *, raised: bool
) -> Gradients:
    """What flowed."""
    ledger = watched.ledger
    source, position, target, input_nr, edge_shape, edge_statistics = _columns(ledger.edges, 6)
    key, output_nr, node_shape, node_statistics = _columns(ledger.arrivals, 4)
    leaf, was, leaf_shape, leaf_statistics = _columns(leaves, 4)
    hooked, hooked_nr, where, before, after, changed = _columns(ledger.hooked, 6)
    return Gradients(
        kind="gradients",
        stop=watched.stop,
        backward=watched.call,
        site=watched.site,
        raised=raised,
        shapes=ledger.meter.shapes.table(),
        statistics=ledger.meter.columns(),
        edges=EdgeGradients(
            source=source,
            position=position,
            target=target,
            input_nr=input_nr,
            shape=edge_shape,
            statistics=edge_statistics,
        ),
        nodes=NodeGradients(key=key, output_nr=output_nr, shape=node_shape, statistics=node_statistics),
        leaves=LeafGradients(key=leaf, was=was, shape=leaf_shape, statistics=leaf_statistics),
        hooked=HookedGradients(
            key=hooked, output_nr=hooked_nr, where=where, before=before, after=after, changed=changed
        ),
        first_nonfinite=first_nonfinite,
        left_out=watched.left_out + len(ledger.unread),
        not_shown=None,
    )


def unwatched_message(*, stop: int, call: int, site: Site | None, why: str) -> Gradients:
    """A backward that could not be watched."""
    return Gradients(
        kind="gradients",
        stop=stop,
        backward=call,
        site=site,
        raised=False,
        shapes=(),
        statistics=columns_of([]),
        edges=EdgeGradients(source=(), position=(), target=(), input_nr=(), shape=(), statistics=()),
        nodes=NodeGradients(key=(), output_nr=(), shape=(), statistics=()),
        leaves=LeafGradients(key=(), was=(), shape=(), statistics=()),
        hooked=NOTHING_HOOKED,
        first_nonfinite=None,
        left_out=0,
        not_shown=why,
    )


def _columns(rows: list[Any], count: int) -> Any:  # noqa: ANN401 (as many tuples as there are columns)
    return tuple(zip(*rows, strict=True)) if rows else ((),) * count
