"""Wire messages as JSON, with the standard library only: this runs inside the user's process."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast


def to_plain(value: Any) -> Any:  # noqa: ANN401 (any wire value, to any JSON value)
    """Dataclasses as dicts, tuples as lists, all else as it is.

    Tuples of plain values, which is what columns are, are passed whole.
    """
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        if items and (isinstance(items[0], tuple) or dataclasses.is_dataclass(cast("object", items[0]))):
            return [to_plain(item) for item in items]
        return items  # json writes a tuple as a list
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def to_json(message: Any) -> str:  # noqa: ANN401 (any wire message)
    """One line of JSON.

    Raises:
        ValueError: A float is not finite; such numbers are written as words (``wire.numbers``).
    """
    return json.dumps(to_plain(message), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
