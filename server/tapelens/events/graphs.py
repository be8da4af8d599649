"""Graphs of earlier iterations that live on, and who holds them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..wire.sites import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphsHeld:
    """Something with a name in the user's frames that reaches graphs of earlier iterations.

    Attributes:
        name: How a person reaches it; of several tensors in one container that container.
        function: Qualified name of the function where the name begins, or the module's name.
        tensors: How many tensors hold such graphs.
        iterations: In how many iterations their nodes were made.
        nodes: Nodes of earlier iterations below them.
        size_bytes: What these nodes keep for backward.
        at_least: There is more than ``nodes`` and ``size_bytes`` say.
        tie: The statement that ties each iteration's graph to it; None where none was found.
        statement: What stands there.
        is_bounded: Something drops what it holds: a length, or a statement that clears or cuts it.
    """

    name: str
    function: str
    tensors: int
    iterations: int
    nodes: int
    size_bytes: int
    at_least: bool
    tie: Site | None
    statement: str
    is_bounded: bool


class Holders:
    """Who holds them, found by a scan when asked. This one finds nobody."""

    def find(self) -> tuple[GraphsHeld, ...]:
        """Those that hold most first."""
        return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphsSettled:
    """It is known now what became of graphs that were made where nothing ran backward.

    Attributes:
        loop: As ``GraphMade`` told it.
        used: A backward or grad that began meanwhile may have been for them; else none was.
    """

    loop: int
    used: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphMade:
    """The first graph of an iteration is about to run backward, or was made where nothing runs one.

    Told only while graphs of earlier iterations live, and once when the last of them is gone.

    Attributes:
        loop: Whose iterations: one thread's, of one kind; never reused in the process.
        iteration: From 1, none left out though not all are told.
        site: Innermost frame of the user's.
        alive: Earlier iterations of which some node that was looked at still lives, ascending.
        runs_backward: The loop's graphs are run backward; else they are of outermost calls of a module.
        holders: Good while the event is seen.
    """

    loop: int
    iteration: int
    site: Site
    alive: tuple[int, ...]
    runs_backward: bool
    holders: Holders = field(default_factory=Holders)
