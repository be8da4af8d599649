"""The lines that stand below a traceback."""

from __future__ import annotations

import linecache
from collections.abc import Iterator

from ...wire.sites import Site
from ...wire.snapshot import LinesState
from ..cards.wording import bytes_text, counted
from .failing import Failing, Made
from .memory import Held

_PLACES = 8


def failing_text(failing: Failing, lines: LinesState) -> str:
    """Where the node was made that failed."""
    return "".join(f"{line}\n" for line in _failing_lines(failing, lines))


def _failing_lines(failing: Failing, lines: LinesState) -> Iterator[str]:
    first = failing.made[0]
    if len(failing.made) == 1:
        yield f"tapelens: in this backward {_named(first)} {failing.why}. {_where(first)}"
        yield from _source(first.site)
    else:
        yield f"tapelens: in this backward one of {counted(len(failing.made), 'node')} {failing.why}:"
        for made in failing.made:
            yield f"  {_named(made)}: {_where(made)}"
            yield from _source(made.site)
    if failing.changed:
        yield f"  What was changed is a result of {failing.changed}."
    if first.site is None and lines != "every_line":
        yield "  Which line made it is known with `tapelens run --lines every_line`."


def _named(made: Made) -> str:
    return f"{made.name} (module {made.module})" if made.module else made.name


def _where(made: Made) -> str:
    if made.site is None:
        return "Where it was made was not seen."
    how = "It was made at" if made.exactly else "It was made by a module called at"
    return f"{how} {made.site.path}:{made.site.line} in {made.site.function}:"


def _source(site: Site | None) -> Iterator[str]:
    text = "" if site is None else linecache.getline(site.path, site.line).strip()
    if site is not None and text:
        yield f"  > {site.line:>4} {text}"


def memory_text(held: Held) -> str | None:
    """What holds memory; None where the frames reach nothing that does."""
    return "".join(f"{line}\n" for line in _memory_lines(held)) or None


def _memory_lines(held: Held) -> Iterator[str]:
    parts = (
        ("parameters", held.parameters),
        ("buffers", held.buffers),
        ("gradients", held.gradients),
        ("optimizer state", held.optimizer),
        ("kept for backward", held.kept),
    )
    if not any(size for _, size in parts):
        return
    sizes = ", ".join(f"{what} {bytes_text(size)}" for what, size in parts if size)
    at_least = " at least" if held.left_out else ""
    yield f"tapelens: where memory ran out the program holds{at_least} {sizes}."
    for device in held.devices:
        allocated, reserved, peak = map(bytes_text, (device.allocated, device.reserved, device.peak))
        yield f"  {device.device}: {allocated} allocated of {reserved} reserved, {peak} at most"
    for kept in held.kept_by[:_PLACES]:
        place = "an unseen line" if kept.site is None else kept.site.place
        module = f" (module {kept.module})" if kept.module else ""
        yield f"  {bytes_text(kept.size_bytes):>10} kept by {place}{module}, {counted(kept.nodes, 'node')}"
    if rest := held.kept_by[_PLACES:]:
        size = sum(kept.size_bytes for kept in rest)
        yield f"  {bytes_text(size):>10} kept by {counted(len(rest), 'further place')}"
