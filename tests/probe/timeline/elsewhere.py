"""Runs a script in another interpreter, which has torch and nothing of ours but the bundle's path."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import tapelens

BUNDLE = Path(tapelens.__file__).parent
DEADLINE_S = 200


def told_by(python: Path, script: Path, *arguments: str | Path) -> Any:
    """What the script prints, as JSON; its first argument is the bundle's folder."""
    done = subprocess.run(
        [python, script, BUNDLE, *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
