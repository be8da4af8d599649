"""Ask for the gradient before the backward."""

from __future__ import annotations

from ...source.concrete import Concrete, function_of, parts
from ...wire.findings import Finding, Fix

_SCOPES = {"comp_for", "sync_comp_for", "lambdef"}
_RUN = {"backward", "manual_backward"}


def retain_it(finding: Finding, text: str) -> Fix | None:
    """Insert ``x.retain_grad()`` before the function's one backward that comes before the read."""
    file = Concrete(finding.site.path, text)
    line = finding.site.line
    names = {name for name in file.attributes_of("grad", line) if name.isidentifier()}
    statement = file.statement(line)
    if len(names) != 1 or statement is None:
        return None
    if any(node.type in _SCOPES for node in file.nodes(statement)):  # the name may be known only there
        return None
    function = function_of(statement)
    backwards = [
        call.node.start_pos[0]
        for call in file.calls()
        if call.name in _RUN and function_of(call.node) is function and call.node.start_pos[0] < line
    ]
    target = file.statement(backwards[0]) if len(backwards) == 1 else None
    if target is None or not parts(target):
        return None
    asking = f"{names.pop()}.retain_grad()"
    return Fix(
        title=f"Insert `{asking}` before the backward", edits=(file.insert_before(target, asking),), is_safe=False
    )
