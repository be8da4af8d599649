"""Gradients and leaves without keeping them: ids, versions, sampled numbers, and what may be asked at a price."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..wire.sites import Site


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
    """A parameter that no optimizer holds.

    Attributes:
        name: What the user calls it, else its place in its module.
        how: ``later``: registered after the optimizer was made, beside parameters that it holds.
            ``replaced``: so too, in the place of one that the optimizer still holds.
            ``unregistered``: it lies in a list or dict of a module, or in one of a module that lies there,
            and other parameters of that module are held. ``apart``: it belongs to a module of its own that
            was made in user code and was never frozen, in evaluation mode or loaded.
        optimizer: Serial of the optimizer that should hold it.
        kind: Name of that optimizer's class.
        optimizer_made: Where that was made; None when that was not seen.
        made: Where the parameter's module, or the parameter, was made; None when that was not seen.
        container: What the user calls the list or dict; empty without one.
        alike: Ids of all parameters of which the same is true.
    """

    name: str
    how: str
    optimizer: int
    kind: str
    optimizer_made: Site | None
    made: Site | None
    container: str
    alike: tuple[int, ...]


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

    def gradients(self, parameters: Iterable[int]) -> int:
        """How many of these parameters, held by optimizers, have a gradient; all where it may not be read."""
        return len(tuple(parameters))

    def outsider(self, parameter: int) -> Outsider | None:  # noqa: ARG002
        """Why an optimizer should hold the parameter, and none does; None where there is no reason."""
        return None

    def module(self, module: int) -> str:  # noqa: ARG002
        """What the user's frame calls the module, else its class."""
        return "a module"

    def kept_bytes(self) -> int | None:
        """What the graph of a call's output keeps for backward, parameters apart; None where it cannot be told."""
        return None
