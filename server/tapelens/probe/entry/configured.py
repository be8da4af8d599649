"""What our own server, which ships with us, tells: lists become the tuples that they were."""

from __future__ import annotations

from typing import Any

from ...wire.commands import Configuration, RuleThreshold


def read(kind: type[Any], value: dict[str, Any]) -> Any:  # noqa: ANN401 (the kind's own class)
    """A command or configuration."""
    return kind(**{name: tuple(item) if isinstance(item, list) else item for name, item in value.items()})


def configuration_of(value: dict[str, Any]) -> Configuration:
    """How the probe begins."""
    thresholds = [RuleThreshold(**each) for each in value["thresholds"]]
    return read(Configuration, value | {"thresholds": thresholds})
