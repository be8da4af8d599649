"""Gradients and leaves without keeping them: ids, versions, sampled numbers, and what may be asked at a price."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..wire.sites import Site
from .blame import Cut


class HeldKey(NamedTuple):
    """A parameter as one optimizer holds it.

    Attributes:
        optimizer: The serial that the probe gave the optimizer; never reused in the process.
        parameter: ``id`` of the parameter; good only while the optimizer holds it.
    """

    optimizer: int
    parameter: int


class Evidence(NamedTuple):
    """What is known of a gradient without keeping it.

    ``identity`` and ``version`` raise suspicion only (addresses are reused, ``.data`` writes bump
    nothing); ``sample`` is a few of its values and settles it.

    Attributes:
        identity: ``id`` of the gradient.
        version: Its version counter.
        sample: A few of its values, not all zero; empty when they were not read.
    """

    identity: int
    version: int
    sample: tuple[float, ...]

    def agrees_with(self, other: Evidence | None) -> bool:
        """Nothing that was read tells the two apart."""
        if other is None or (self.identity, self.version) != (other.identity, other.version):
            return False
        return self.sample == other.sample or not self.sample or not other.sample

    def proves(self, other: Evidence | None) -> bool:
        """It is the same gradient, untouched: values were read both times."""
        return bool(self.sample) and self == other


Sample = tuple[float, ...]

Held = dict[HeldKey, Evidence]
"""Gradients that optimizers hold and that are neither None nor zero.

Bounded: at a step's exit all of the optimizer's in its first five steps, then in one of fifty, and in
the step after anything became suspicious; elsewhere those under suspicion. An absent one is not, or
is no longer, what it was, or was not read.
"""


class Leaf(NamedTuple):
    """A leaf that no optimizer is known to hold.

    Attributes:
        gradient: None where it has none, or one that is zero.
        value: A few of the leaf's own values.
    """

    gradient: Evidence | None
    value: Sample


Leaves = dict[int, Leaf]
"""By ``id`` of the leaf; read in the first five calls of a site and in one of fifty, else empty."""


class Outsider(NamedTuple):
    """Parameters that no optimizer holds although one should, all for the same reason.

    Attributes:
        parameters: Their ids.
        name: What the user calls the first.
        how: ``later``: registered after the optimizer was made, beside parameters that it holds.
            ``replaced``: so too, in the place of one that the optimizer still holds.
            ``unregistered``: they, or their module, lie in a list or dict of a module of which other
            parameters are held. ``copied``: the optimizer holds parameters of just these shapes that no module
            has any more. ``apart``: they belong to a module of its own that was made in user code
            and never frozen, in evaluation mode or loaded.
        optimizer: Serial of the optimizer that should hold them.
        kind: Name of that optimizer's class.
        optimizer_made: Where that was made; None when that was not seen.
        made: Where the first one's module was made, or got it; None when that was not seen.
        place: What the user calls the list or dict, or the module that got them later.
    """

    parameters: tuple[int, ...]
    name: str
    how: Literal["later", "replaced", "unregistered", "copied", "apart"]
    optimizer: int
    kind: str
    optimizer_made: Site | None
    made: Site | None
    place: str


class Look:
    """What can be asked while an event is seen, and costs something. This one knows nothing."""

    def optimizer(self, optimizer: int) -> str:  # noqa: ARG002
        """What the user's frame calls the optimizer, else its class."""
        return "optimizer"

    def parameter(self, parameter: int) -> str:  # noqa: ARG002
        """What the user's frame calls the parameter, else its place in the optimizer."""
        return "a parameter"

    def norm(self, parameters: Iterable[int]) -> float | None:  # noqa: ARG002
        """Euclidean norm of the parameters' gradients as they are now; None where it may not be read."""
        return None

    def held_by(self, optimizer: int) -> frozenset[int]:  # noqa: ARG002
        """Ids of the parameters that the optimizer holds; empty where it may not be read."""
        return frozenset()

    def evidence(self, parameters: Iterable[int]) -> dict[int, Evidence]:  # noqa: ARG002
        """Gradients, as they are now and not zero, of a few of these parameters, which optimizers hold."""
        return {}

    def values(self, parameters: Iterable[int]) -> dict[int, Sample]:  # noqa: ARG002
        """A few values, as they are now, of a few of these parameters, which optimizers hold."""
        return {}

    def gradients(self, parameters: Iterable[int]) -> int:
        """How many of these parameters, held by optimizers, have a gradient; all where it may not be read."""
        return len(tuple(parameters))

    def outsiders(self, parameters: Iterable[int]) -> tuple[Outsider, ...]:  # noqa: ARG002
        """Of parameters that no optimizer holds, those that one should, by the reason why."""
        return ()

    def module(self, module: int) -> str:  # noqa: ARG002
        """What the user's frame calls the module, else its class."""
        return "a module"

    def holds(self, module: int, other: int) -> bool:  # noqa: ARG002
        """The other module lies in the first, at any depth."""
        return False

    def kept_bytes(self) -> int | None:
        """What the graph of a call's output keeps for backward, parameters apart; None where it cannot be told."""
        return None

    def is_trained(self, module: int) -> bool:  # noqa: ARG002
        """Whether a parameter of the module, or of one in it, requires grad."""
        return True

    def any_gradient(self, optimizer: int) -> bool | None:  # noqa: ARG002
        """Whether a parameter that the optimizer holds has a gradient; None where none can, or it may not be read."""
        return None

    def is_frozen(self, optimizer: int) -> bool:  # noqa: ARG002
        """None of the parameters that the optimizer holds requires grad."""
        return False

    def cut(self) -> Cut | None:
        """What cuts the path from the root of this call to what it was computed from; None when not found."""
        return None

    def leaf_root(self) -> Cut | None:
        """Where the user's code made the root of this call, a leaf, from what it had computed; None when not found."""
        return None

    def grad_switched_off(self) -> Cut | None:
        """What switched grad mode off in the frames that run; None when not found."""
        return None

    def has_backwards_to_come(self, site: Site) -> bool:  # noqa: ARG002
        """The file of this site calls a backward or a gradient on a line where none has run yet."""
        return False
