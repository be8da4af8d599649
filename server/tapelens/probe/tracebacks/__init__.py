"""What a traceback does not tell: which line made the node that failed, and what holds the memory that ran out."""

from __future__ import annotations

from .explain import Known, explain
from .hook import ExplainingHook

__all__ = ["ExplainingHook", "Known", "explain"]
