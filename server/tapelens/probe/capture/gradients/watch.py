"""Armed by a stop, it watches the next backward and tells what flowed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ....wire.gradients import FirstNonFinite, Gradients
from ....wire.sites import Site
from ...timeline import Origin
from ..graph import walk_graph
from ..guards import collector_held
from .flow import Watched
from .message import gradients_message, unwatched_message
from .probes import HookedOutput

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

AT_MOST_NODES = 20_000
_AT_MOST_HOOKED = 1_000
_COMPILED = "compiled autograd runs this backward: hooks of ours would be traced into it"

Origins = Callable[[Iterable[int]], list[Origin]]
"""Where nodes were made, by their sequence numbers."""


class GradientWatch:
    """Watches at most one backward for each stop.

    Args:
        tell: Takes the message, on the thread that ran the backward.
        origins: Asked, when the backward is over, where a node was made.
    """

    def __init__(self, tell: Callable[[Gradients], None], origins: Origins | None = None) -> None:
        self._tell = tell
        self._origins = origins
        self._stop: int | None = None
        self._hooked: dict[tuple[int, int], HookedOutput] = {}

    @property
    def is_armed(self) -> bool:
        """The next backward will be watched."""
        return self._stop is not None

    def arm(self, stop: int) -> None:
        """A stop was captured: its graph's next backward is of interest."""
        self._stop = stop

    def note_hooked(self, hooked: Iterable[HookedOutput]) -> None:
        """These tensors have hooks, whose tables cannot be reached from a graph."""
        known = {way: output for way, output in self._hooked.items() if output.table() is not None}
        known |= {(output.key, output.output_nr): output for output in hooked}
        for way in list(known)[:-_AT_MOST_HOOKED]:
            del known[way]
        self._hooked = known

    def before_backward(
        self, roots: list[Node], *, call: int, site: Site | None, alone: Callable[[], bool]
    ) -> Watched | None:
        """Put hooks into the graph that is about to run, if a stop was captured since the last time.

        ``alone`` says whether no other thread runs a backward now.
        """
        stop, self._stop = self._stop, None
        if stop is None:
            return None
        if _is_compiled():
            self._tell(unwatched_message(stop=stop, call=call, site=site, why=_COMPILED))
            return None
        graph = walk_graph(roots, at_most=AT_MOST_NODES)
        watched = Watched(graph, roots, stop=stop, call=call, site=site, alone=alone)
        try:
            with collector_held():
                watched.put_hooks(graph, self._hooked.values())
        except BaseException:
            watched.close()
            raise
        return watched

    def after_backward(self, watched: Watched, *, raised: bool) -> None:
        """Read what ``.grad`` became, take the hooks out and tell.

        Raises:
            RuntimeError: A hook of ours had a fault; what was seen nevertheless has been told.
        """
        try:
            leaves = watched.leaf_rows()
        finally:
            watched.close()
        self._tell(gradients_message(watched, leaves, self._first_nonfinite(watched), raised=raised))
        if watched.fault:
            raise RuntimeError(watched.fault)

    def _first_nonfinite(self, watched: Watched) -> FirstNonFinite | None:
        found = watched.ledger.nonfinite
        if found is None:
            return None
        name, sequence = watched.names.get(found.key, ("", -1))
        site, module = None, ""
        if self._origins is not None and sequence >= 0:
            ((site, module, _),) = self._origins([sequence])
        return FirstNonFinite(
            key=found.key,
            position=found.position,
            name=name,
            nan=found.nan,
            inf=found.inf,
            site=site,
            module=module,
            hook=found.hook,
        )


def _is_compiled() -> bool:
    """Compiled autograd would trace our hooks into the user's program."""
    compiled = sys.modules.get("torch._dynamo.compiled_autograd")
    return bool(
        getattr(compiled, "compiled_autograd_enabled", False) or getattr(compiled, "in_compiled_autograd_region", False)
    )
