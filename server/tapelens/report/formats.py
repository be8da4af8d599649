"""The formats of findings for other programs, by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

from ..wire.findings import Finding
from .github import github_lines
from .sarif import sarif_log

Format = Literal["text", "json", "sarif", "github"]


def write_object(document: Mapping[str, Any], file: IO[str]) -> None:
    """One JSON object and a line end; indented where a person reads it."""
    json.dump(document, file, allow_nan=False, ensure_ascii=False, indent=2 if file.isatty() else None)
    file.write("\n")
    file.flush()


def write_findings(
    form: Literal["sarif", "github"],
    findings: Sequence[Finding],
    file: IO[str],
    *,
    root: Path,
    notes: Iterable[str] = (),
    exit_code: int | None = None,
) -> None:
    """Findings in a format that holds nothing else.

    Args:
        form: The format.
        findings: In the order in which they are listed.
        file: Where to.
        root: The folder that paths are named from.
        notes: Sentences on what went otherwise than asked.
        exit_code: tapelens' own, where it is known.
    """
    if form == "sarif":
        write_object(sarif_log(findings, root=root, notes=notes, exit_code=exit_code), file)
        return
    for line in github_lines(findings, root=root):
        file.write(f"{line}\n")
    file.flush()
