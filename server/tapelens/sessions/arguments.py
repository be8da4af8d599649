"""What debugpy is asked for as a session begins."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .interface import Launch
from .paths import PathMapping

_QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""Else the debugger warns of frozen modules on the standard error of each process that the program starts."""


def launch_arguments(launch: Launch, name: str) -> dict[str, Any]:
    """DAP's ``launch``, as debugpy takes it."""
    arguments: dict[str, Any] = {
        "name": name,
        "type": "debugpy",
        "request": "launch",
        "python": [str(launch.python or sys.executable)],
        "args": list(launch.args),
        "cwd": str(launch.cwd or Path.cwd()),
        "env": _QUIET | dict(launch.env),
        "console": "internalConsole",
        "redirectOutput": True,
        "justMyCode": True,
        "subProcess": launch.children,
    }
    if launch.program is not None:
        return arguments | {"program": str(launch.program)}
    return arguments | {"module": launch.module}


def attach_arguments(name: str) -> dict[str, Any]:
    """DAP's ``attach``, without where to."""
    return {"name": name, "type": "debugpy", "request": "attach", "justMyCode": True, "subProcess": True}


def mapping_argument(of: PathMapping) -> dict[str, str]:
    """One of ``pathMappings``."""
    return {"localRoot": of.local_root, "remoteRoot": of.remote_root}
