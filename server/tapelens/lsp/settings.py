"""What a client sets: once in ``initializationOptions``, later by ``workspace/didChangeConfiguration``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from ..errors import UsageError
from ..rules.catalogue import RULES
from ..settings import Settings as ProjectSettings
from ..settings import told_to_probe
from ..wire.commands import Configuration, Lines
from .messages import camel, read_params

SECTION = "tapelens"
_NAMES = ("enabled", "notifications", "pauseOn", "lines", "cards", "lint")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The object under ``tapelens``; what a client leaves out keeps its default.

    Attributes:
        enabled: Put the probe into programs; without it they are debugged as by any debugger.
        notifications: Whether to send the announcements of ``lsp/messages.py``.
        pause_on: Slugs of rules that pause the program before the fault, or ``all``.
        lines: Whether nodes' lines are noted; see ``wire.commands.Lines``.
        cards: Show tensors, modules and optimizers as cards in the debugger's own views.
        lint: Look for misuse in the source of open documents.
    """

    enabled: bool = True
    notifications: bool = False
    pause_on: tuple[str, ...] = ()
    lines: Lines = "auto"
    cards: bool = True
    lint: bool = True

    def configuration(self, project: ProjectSettings, *, wanted: bool = True) -> Configuration | None:
        """How the probe of a session to come begins, None where it stays out.

        Whoever speaks LSP may hover at any stop, so it is armed from the first on.
        """
        if not (self.enabled and wanted):
            return None
        return Configuration(
            kind="configuration",
            armed=True,
            pause_on=self.pause_on,
            select=project.select,
            ignore=project.ignore,
            lines=self.lines,
            steps=0,
            cards=self.cards,
            thresholds=told_to_probe(project),
        )


def read_settings(options: object, before: Settings | None = None) -> Settings:
    """The settings in ``initializationOptions`` or in a changed configuration.

    Where the client says nothing, what held ``before`` stays, and so do the announcements that it asked for.

    Raises:
        WireError: They do not fit: the path of what is wrong.
        UsageError: ``pauseOn`` names a rule that does not exist.
    """
    section: object = cast("Mapping[str, Any]", options).get(SECTION) if isinstance(options, Mapping) else None
    given: tuple[str, ...] = ()
    if isinstance(section, Mapping):  # an editor keeps settings of its own beside ours
        members = cast("Mapping[str, Any]", section)
        given = tuple(name for name in _NAMES if name in members)
        section = {name: members[name] for name in given}
    settings = read_params(section, Settings)
    check_rules(settings.pause_on)
    if before is None:
        return settings
    changed = [each.name for each in fields(Settings) if camel(each.name) in given and each.name != "notifications"]
    return replace(before, **{name: getattr(settings, name) for name in changed})


def check_rules(slugs: tuple[str, ...]) -> None:
    """Refuse a slug that no rule has.

    Raises:
        UsageError: With the slugs that there are.
    """
    known = [rule.slug for rule in RULES]
    for slug in slugs:
        if slug != "all" and slug not in known:
            raise UsageError(f"There is no rule {slug!r}; there are {', '.join(known)}, and 'all' for any.")
