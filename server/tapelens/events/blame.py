"""Which statement of the user's did it, as far as the frames that run and their source tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..wire.sites import Site


class Cut(NamedTuple):
    """A statement from whose result no path leads back to what it was computed from.

    Attributes:
        site: The statement.
        what: What it does there, as a clause: "`.item()` makes a Python number of it".
    """

    site: Site
    what: str


class Change(NamedTuple):
    """A tensor that was changed in place although a node had saved it for backward.

    Attributes:
        name: What the user calls the tensor; empty when that is not known.
        written: The operation as the user wrote it; empty when that is not known.
        site: The statement that changed it, None when that is not known.
        node: Type of the node that had saved it.
        made: The line that made the node, None when that is not known.
        version_saved: The tensor's version as it was saved; -1 unknown.
        version_now: Its version now; -1 unknown.
        by_step: It is an optimizer's step that changed it.
    """

    name: str
    written: str
    site: Site | None
    node: str
    made: Site | None
    version_saved: int
    version_now: int
    by_step: bool = False


class Lost(NamedTuple):
    """A leaf in whose place a result of it stands.

    Attributes:
        name: What the user calls the result.
        written: The statement that made it, as it is written.
        site: Where that is.
        leaf_made: Where the leaf was made, where that is another line.
    """

    name: str
    written: str
    site: Site
    leaf_made: Site | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NonleafRead:
    """The user's code has read ``.grad`` of a tensor that keeps none, and PyTorch is about to warn of it.

    Attributes:
        site: The line that reads.
        expression: The tensor as that line writes it; empty when that cannot be told.
        operation: Type of the node that made the tensor; empty when the tensor is not known.
        made: The line that made it, None when that is not known.
        lost: It stands in the place of a leaf.
    """

    site: Site
    expression: str
    operation: str
    made: Site | None
    lost: Lost | None
