"""Drop ``create_graph=True``."""

from __future__ import annotations

from ...source.concrete import Concrete
from ...wire.findings import Finding, Fix


def drop_create_graph(finding: Finding, text: str) -> Fix | None:
    """Take the argument out of the line's one call that has it; whoever differentiates later would miss it."""
    return Concrete(finding.site.path, text).without_flag("create_graph", finding.site.line, is_safe=False)
