"""Register a plain list of modules or parameters."""

from __future__ import annotations

from ...source.concrete import Concrete, assignment_of, code_of
from ...wire.findings import Finding, Fix


def register_the_list(finding: Finding, text: str) -> Fix | None:
    """``self.blocks = [...]`` becomes an ``nn.ModuleList``, or an ``nn.ParameterList``."""
    file = Concrete(finding.site.path, text)
    for related in (finding.site, *(each.site for each in finding.related)):
        statement = file.statement(related.line) if related.path == finding.site.path else None
        assignment = None if statement is None else assignment_of(statement)
        if assignment is None:
            continue
        target, sign, value = assignment
        if not (sign == "=" and code_of(target).startswith("self.") and code_of(value).startswith("[")):
            continue
        name = "ParameterList" if "Parameter(" in code_of(value) else "ModuleList"
        home = "nn" if "import torch.nn as nn" in text or "from torch import nn" in text else "torch.nn"
        edits = (file.insert_at(value.start_pos, f"{home}.{name}("), file.insert_at(value.end_pos, ")"))
        return Fix(title=f"Register it as `{home}.{name}`", edits=edits, is_safe=True)
    return None
