"""Drop ``retain_graph=True``."""

from __future__ import annotations

from ...source.concrete import Concrete
from ...wire.findings import Finding, Fix


def drop_retain_graph(finding: Finding, text: str) -> Fix | None:
    """Take the argument out of the line's one call that has it."""
    return Concrete(finding.site.path, text).without_flag("retain_graph", finding.site.line, is_safe=True)
