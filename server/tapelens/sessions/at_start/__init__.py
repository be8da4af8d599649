"""What a plain program's interpreter runs as it starts: a folder that is put first in its ``PYTHONPATH``."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
ENTRY = "TAPELENS_AT_START"
"""Environment variable: a descriptor, the bundle's folder, the configuration as JSON, a line each."""

PATH_BEFORE = "TAPELENS_PYTHONPATH"
"""Environment variable: ``PYTHONPATH`` as it was, absent if there was none."""
