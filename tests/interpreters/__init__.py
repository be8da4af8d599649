"""Other Pythons with a torch, for tests of what depends on the interpreter.

They live in a cache folder of the user's and are made once: ``python tests/interpreters/provide.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

NEWER = "3.13-torch2.13.0"
"""The one that ``make test`` makes: its ``sys.monitoring`` is what the timeline stands on."""


def cache_folder() -> Path:
    """Where they are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tapelens" / "interpreters"


def provided(name: str) -> Path | None:
    """The interpreter of that name, such as ``3.13-torch2.13.0``, when it has been made."""
    python = cache_folder() / name / "bin" / "python"
    return python if (cache_folder() / name / ".ready").exists() else None


def newer_python() -> Path | None:
    """A Python from 3.12 on that has torch; None when none could be made here."""
    named = os.environ.get("TAPELENS_TEST_NEWER_PYTHON")
    return Path(named) if named else provided(NEWER)
