"""What a client sets: once in ``initializationOptions``, later by ``workspace/didChangeConfiguration``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..errors import UsageError
from ..rules.catalogue import RULES
from ..wire.commands import Configuration, Lines
from .messages import read_params

SECTION = "tapelens"
_NAMES = ("notifications", "pauseOn", "lines", "cards")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The object under ``tapelens``; what a client leaves out keeps its default.

    Attributes:
        notifications: Whether to send the announcements of ``lsp/messages.py``.
        pause_on: Slugs of rules that pause the program before the fault, or ``all``.
        lines: Whether nodes' lines are noted; see ``wire.commands.Lines``.
        cards: Show tensors, modules and optimizers as cards in the debugger's own views.
    """

    notifications: bool = False
    pause_on: tuple[str, ...] = ()
    lines: Lines = "auto"
    cards: bool = True

    def configuration(self) -> Configuration:
        """How the probe of a session to come begins: whoever speaks LSP may hover at any stop."""
        return Configuration(
            kind="configuration",
            armed=True,
            pause_on=self.pause_on,
            select=(),
            ignore=(),
            lines=self.lines,
            cards=self.cards,
        )


def read_settings(options: object) -> Settings:
    """The settings in ``initializationOptions`` or in a changed configuration.

    Raises:
        WireError: They do not fit: the path of what is wrong.
        UsageError: ``pauseOn`` names a rule that does not exist.
    """
    section = cast("Mapping[str, Any]", options).get(SECTION) if isinstance(options, Mapping) else None
    if isinstance(section, Mapping):  # an editor keeps settings of its own beside ours
        members = cast("Mapping[str, Any]", section)
        section = {name: members[name] for name in _NAMES if name in members}
    settings = read_params(section, Settings)
    check_rules(settings.pause_on)
    return settings


def check_rules(slugs: tuple[str, ...]) -> None:
    """Refuse a slug that no rule has.

    Raises:
        UsageError: With the slugs that there are.
    """
    known = [rule.slug for rule in RULES]
    for slug in slugs:
        if slug != "all" and slug not in known:
            raise UsageError(f"There is no rule {slug!r}; there are {', '.join(known)}, and 'all' for any.")
