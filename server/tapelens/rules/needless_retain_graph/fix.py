"""Drop ``retain_graph=True``."""

from __future__ import annotations

from ...source.concrete import Concrete, value_of
from ...wire.findings import Finding, Fix


def drop_retain_graph(finding: Finding, text: str) -> Fix | None:
    """Take the argument out of the line's one call that has it."""
    file = Concrete(finding.site.path, text)
    found = [
        (call, argument)
        for call in file.calls(*file.lines_of(finding.site.line))
        if (argument := call.keyword("retain_graph")) is not None and value_of(argument) == "True"
    ]
    if len(found) != 1:
        return None
    return Fix(title="Drop `retain_graph=True`", edits=(file.remove_argument(*found[0]),), is_safe=True)
