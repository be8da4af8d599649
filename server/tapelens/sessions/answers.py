"""What the probe answers to an ``evaluate`` of ours, read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import BundleAbsent, SessionError, WireError
from ..wire.envelope import Batch
from ..wire.reading import read_batch


def unwrap(result: str) -> Batch:
    """The batch in ``{"ok": "<Batch as JSON>"}``.

    Raises:
        BundleAbsent: The bootstrap found nothing to load where our files are: ``{"absent": path}``.
        SessionError: The probe said ``{"err": text}``, or something that is no answer of ours.
    """
    try:
        answer: Mapping[str, Any] = json.loads(result)
    except ValueError as broken:
        raise SessionError(f"The probe's answer is no JSON: {result[:200]!r}.") from broken
    if "absent" in answer:
        raise BundleAbsent(f"The program cannot see {answer['absent']}.")
    if "err" in answer:
        raise SessionError(f"The probe refused: {answer['err']}")
    try:
        return read_batch(answer["ok"])
    except (KeyError, WireError) as broken:
        raise SessionError(f"The probe's answer does not fit the wire: {broken}") from broken
