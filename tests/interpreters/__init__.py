"""Other Pythons with a torch, for tests of what depends on the interpreter.

They live in a cache folder of the user's and are made once: ``python tests/interpreters/provide.py``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

Which = Literal["this", "newer"]
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


def interpreter(which: Which) -> Path:
    """The Python that a test asks for; where there is no newer one, the test is skipped."""
    python = Path(sys.executable) if which == "this" else newer_python()
    if python is None:
        import pytest  # the scripts beside this need none

        pytest.skip("no Python 3.13 with a torch here: install python3.13, then run tests/interpreters/provide.py")
    return python
