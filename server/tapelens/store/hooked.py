"""Gradients before and after the user's hooks, looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..wire.gradients import Gradients
from .rows import Statistics, statistics_at


@dataclass(frozen=True, kw_only=True)
class HookedGradientRow:
    """What the first of some hooks was given, and what the last one left; ``changed`` is None when unknown."""

    key: int
    output_nr: int
    where: Literal["tensor", "node_pre", "node_post", "post_accumulate"]
    before: Statistics | None
    after: Statistics | None
    changed: bool | None


def hooked_gradient_rows(gradients: Gradients) -> list[HookedGradientRow]:
    """In the order in which they ran."""
    columns = gradients.hooked
    return [
        HookedGradientRow(
            key=key,
            output_nr=columns.output_nr[row],
            where=columns.where[row],
            before=statistics_at(gradients.statistics, columns.before[row]),
            after=statistics_at(gradients.statistics, columns.after[row]),
            changed=None if columns.changed[row] < 0 else bool(columns.changed[row]),
        )
        for row, key in enumerate(columns.key)
    ]
