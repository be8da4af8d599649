"""What flows along the edges of a graph in the program's own backward: numbers, and nothing kept."""

from __future__ import annotations

from .flow import Watched
from .probes import HookedOutput, Probe, hooked_outputs
from .watch import AT_MOST_NODES, GradientWatch, Origins

__all__ = ["AT_MOST_NODES", "GradientWatch", "HookedOutput", "Origins", "Probe", "Watched", "hooked_outputs"]
