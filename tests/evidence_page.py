"""docs/evidence.md: several programs make a part each, and leave the others' as they stand."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "evidence.md"
UNDISTURBED = "# Evidence that a program is not disturbed"
FOUND = "# Evidence that faults are found"
SILENT = "# Evidence that sound programs are not blamed"
_ORDER = (UNDISTURBED, FOUND, SILENT)


def put(heading: str, text: str) -> None:
    """Put a part, which begins with its heading, into its place on the page."""
    known = _parts(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    known[heading] = text.strip()
    PAGE.write_text("\n\n".join(known[each] for each in _ORDER if each in known) + "\n", encoding="utf-8")


def _parts(page: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in page.splitlines():
        if line in _ORDER:
            found[line] = line
        elif found:
            found[[*found][-1]] += f"\n{line}"
    return {heading: text.strip() for heading, text in found.items()}
