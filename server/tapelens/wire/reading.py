"""Reads wire messages and refuses what does not fit, with the path of what is wrong."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from ..errors import WireError
from . import VERSION
from .commands import Command, Configuration
from .envelope import Batch
from .panel import FromPanel, ToPanel
from .strict import Refused, converter


def read_batch(text: str) -> Batch:
    """The JSON in ``data`` of the probe's custom event, or of its answer to a command.

    Raises:
        WireError: It does not fit the wire, or another version's probe sent it.
    """
    return _read(text, Batch, speaker="The probe")


def read_command(text: str) -> Command:
    """What the server asks of the probe.

    Raises:
        WireError: It does not fit the wire.
    """
    return _read(text, Command)


def read_configuration(text: str) -> Configuration:
    """How the probe begins.

    Raises:
        WireError: It does not fit the wire.
    """
    return _read(text, Configuration)


def read_from_panel(text: str) -> FromPanel:
    """What the panel says.

    Raises:
        WireError: It does not fit the wire, or the page is another version's.
    """
    return _read(text, FromPanel, speaker="The panel's page")


def read_to_panel(text: str) -> ToPanel:
    """What a server says to its panel.

    Raises:
        WireError: It does not fit the wire, or the server is another version's.
    """
    return _read(text, ToPanel, speaker="The server")


def structure(value: Any, kind: Any) -> Any:  # noqa: ANN401 (JSON, a wire type, and a value of it)
    """A wire value from parsed JSON.

    Raises:
        WireError: It does not fit ``kind``.
    """
    try:
        return converter().structure(value, kind)
    except (Refused, BaseValidationError) as error:
        raise WireError(_first_fault(error)) from error


def _read(text: str, kind: Any, *, speaker: str = "") -> Any:  # noqa: ANN401 (a wire type, and a value of it)
    try:
        value: Any = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the message is no JSON: {error}") from error
    if speaker and type(value) is dict:
        version = cast("dict[str, Any]", value).get("wire")
        if type(version) is int and version != VERSION:
            raise WireError(
                f"{speaker} speaks version {version} of tapelens' wire and this server version {VERSION}: "
                "start both from the same tapelens."
            )
    return structure(value, kind)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _first_fault(error: BaseException, path: str = "") -> str:
    """The first fault of a tree of errors, after the path that the notes along it make."""
    own = path
    missing = False
    notes = cast("list[object]", getattr(error, "__notes__", []))
    for note in reversed(notes):  # the innermost was added first
        match note:
            case AttributeValidationNote():
                own = f"{own}.{note.name}"
                missing = isinstance(error, KeyError)
            case IterableValidationNote():
                own = f"{own}[{note.index}]"
            case _:
                pass
    if isinstance(error, BaseValidationError):
        inner = cast("tuple[BaseException, ...]", error.exceptions)
        return _first_fault(inner[0], own)
    if isinstance(error, ForbiddenExtraKeysError):
        return f"{_path(f'{own}.{min(error.extra_fields)}')}: {error.cl.__name__} has no such field"
    if missing:
        return f"{_path(own)}: is missing"
    if isinstance(error, Refused):
        return _sentence(own + error.at, error)
    return _sentence(own, error)


def _sentence(path: str, error: BaseException) -> str:
    return f"{_path(path)}: {error}" if path else f"the message: {error}"


def _path(path: str) -> str:
    return path.removeprefix(".")
