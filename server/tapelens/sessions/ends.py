"""What a program's exit status says of how it ended."""

from __future__ import annotations

import signal

_DEADLY = ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTERM")

# NOTE [killed by a signal]: debugpy's launcher tells the lowest eight bits of a negative return code,
# 247 for SIGKILL. Statuses that programs also give by themselves (255 for -1) are left as they are.
KILLS = {256 - each: each for name in _DEADLY if (each := getattr(signal, name, None)) is not None}
"""Signals by the exit status that the debugger tells."""
