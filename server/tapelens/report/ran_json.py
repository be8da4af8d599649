"""A backward that ran as JSON for programs to read; its shape is in ``json``'s docstring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store.hooked import hooked_gradient_rows
from ..store.rows import Shape, Statistics
from ..wire.gradients import Gradients
from ..wire.sites import Site
from ..wire.snapshot import Snapshot
from .flowed import nonfinite_sentence

Json = dict[str, Any]

NOWHERE: Mapping[str, Any] = {"path": None, "line": None, "function": None}


def ran_object(ran: Gradients, snapshot: Snapshot) -> Json:
    """The object."""
    return {
        **(site_object(ran.site) if ran.site else NOWHERE),
        "call": ran.backward,
        "raised": ran.raised,
        "left_out": ran.left_out,
        "not_shown": ran.not_shown,
        "first_nonfinite": _first_nonfinite(ran, snapshot),
        "hooked": [
            {
                "node": row.key,
                "output_nr": row.output_nr,
                "where": row.where,
                "before": numbers(row.before) or None,
                "after": numbers(row.after) or None,
                "changed": row.changed,
            }
            for row in hooked_gradient_rows(ran)
        ],
    }


def _first_nonfinite(ran: Gradients, snapshot: Snapshot) -> Json | None:
    found = ran.first_nonfinite
    if found is None:
        return None
    return {
        "node": found.key or None,
        "name": found.name or None,
        "position": found.position if found.position >= 0 else None,
        "nan": found.nan,
        "inf": found.inf,
        "hook": found.hook or None,
        "module": found.module or None,
        **(site_object(found.site) if found.site else NOWHERE),
        "message": nonfinite_sentence(ran, snapshot),
    }


def site_object(site: Site) -> Mapping[str, Any]:
    """A place."""
    return {"path": site.path, "line": site.line, "function": site.function}


def shape_list(shape: Shape | None) -> list[int] | None:
    """A shape; None where it is not shown."""
    return None if shape is None else list(shape)


def measured(shape: Shape | None, statistics: Statistics | None) -> Json:
    """A tensor's shape, and its numbers where they were read."""
    return {"shape": shape_list(shape), **numbers(statistics)}


def numbers(statistics: Statistics | None) -> Json:
    """Numbers of a tensor; empty where its values were not read."""
    if statistics is None:
        return {}
    return {
        "norm": statistics.norm,
        "min": statistics.minimum,
        "max": statistics.maximum,
        "mean": statistics.mean,
        "nan": statistics.nan,
        "inf": statistics.inf,
        "values": list(statistics.first),
    }
