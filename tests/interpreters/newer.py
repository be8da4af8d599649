"""Print the interpreter of Python 3.12 or newer that tests may use; nothing when there is none."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from interpreters import newer_python

print(newer_python() or "")
