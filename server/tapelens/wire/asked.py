"""Answers to what a front end asked for: more of the tape, and gradients before they flow."""

from dataclasses import dataclass
from typing import Literal

from .gradients import Gradients
from .sites import Site
from .snapshot import EdgeColumns, NodeColumns, SavedColumns


@dataclass(frozen=True, kw_only=True)
class TapePage:
    """A stretch of a tape that is longer than a snapshot shows; rows count within the whole tape.

    A snapshot that was cut shows what was made last below the root foreseen, then below the frame's other
    tensors. Its nodes are found in pages by their keys: a leaf that older nodes use too stands further up there.

    Attributes:
        stop: Number of the stop.
        first: Row of the page's first node in the whole tape.
        total: Nodes of the whole tape, as far as it was walked.
        complete: The walk reached every node.
        nodes: The page's; ``leaf`` is -1 throughout.
        edges: Out of the page's nodes; ``source`` and ``target`` are rows of the whole tape.
        saved: Of the page's nodes; ``node`` is a row of the whole tape, ``tensor`` and ``storage`` are -1.
    """

    kind: Literal["tape_page"]
    stop: int
    first: int
    total: int
    complete: bool
    strings: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    sites: tuple[Site, ...]
    nodes: NodeColumns
    edges: EdgeColumns
    saved: SavedColumns


@dataclass(frozen=True, kw_only=True)
class Previewed:
    """What a backward would bring, computed without accumulating, or why it was not.

    Attributes:
        stop: Number of the stop.
        expression: The root that was previewed, as written or named.
        refused: What would run code of the user's, or would raise, one sentence each; empty when it was done.
        gradients: As a backward's own, with ``backward`` 0; None when refused.
    """

    kind: Literal["previewed"]
    stop: int
    expression: str
    refused: tuple[str, ...]
    gradients: Gradients | None
