"""Rows of the message, as they come about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import torch

Where = Literal["tensor", "node_pre", "node_post", "post_accumulate"]


class Edge(NamedTuple):
    """Where a node's gradient goes."""

    source: int
    position: int
    target: int
    input_nr: int


class Flow(NamedTuple):
    """A gradient that went along an edge."""

    source: int
    position: int
    target: int
    input_nr: int
    shape: int
    statistics: int


class Arrival(NamedTuple):
    """The sum that arrived at a node."""

    key: int
    output_nr: int
    shape: int
    statistics: int


class Hooked(NamedTuple):
    """A gradient before and after hooks of the user's."""

    key: int
    output_nr: int
    where: Where
    before: int
    after: int
    changed: int


class Leaf(NamedTuple):
    """A leaf that may be added to, held while its backward runs."""

    key: int
    tensor: torch.Tensor
    was: Literal["none", "held"]


class LeafRow(NamedTuple):
    """What a leaf's ``.grad`` was and became."""

    key: int
    was: Literal["none", "held"]
    shape: int
    statistics: int
