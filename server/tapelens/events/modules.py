"""Calls of modules, and the mode they run in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..wire.sites import Site
from .evidence import Look


class ModuleRan(NamedTuple):
    """A module that ran within an outermost call, itself included.

    Attributes:
        module: Serial of the module; never reused in the process.
        kind: Name of its class.
        training: It was in training mode.
        with_grad: Grad mode was on as at least one of its calls began.
        depends_on_mode: Its class computes otherwise in evaluation: dropout that drops, batch norm.
        held_by: Serials of the optimizers that hold parameters of its own.
    """

    module: int
    kind: str
    training: bool
    with_grad: bool
    depends_on_mode: bool
    held_by: tuple[int, ...]


class Idle(NamedTuple):
    """A child of a module written by the user that did not run in an outermost call, though its parent did.

    Children of which some part ran are none, nor are those beside a numbered sibling of their kind that ran.

    Attributes:
        module: Serial of the child.
        name: How the parent calls it.
        kind: Name of its class.
        parent: Name of the parent's class.
        made: Where the parent got it; None when that was not seen.
        held_by: Serials of the optimizers that hold parameters in it.
        parameters: Ids of those, good while the event is seen.
        is_named: A method of the parent's class names it, which may run it another time.
    """

    module: int
    name: str
    kind: str
    parent: str
    made: Site | None
    held_by: tuple[int, ...]
    parameters: tuple[int, ...]
    is_named: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ForwardRan:
    """An outermost call of a module has ended: one that no other module's call ran.

    Told while calls are watched (``ForwardsWatched``) and not under torch.compile.

    Attributes:
        call: Serial of the call in the process, from 1.
        site: Innermost frame of the user's outside the call.
        innermost: Innermost frame outside torch.
        module: Serial of the module.
        training: The module was in training mode.
        with_grad: Grad mode was on as the call began.
        ran: Every module that ran in it, in the order in which they began.
        idle: Children that did not; looked for in training mode with grad mode on.
        builds: Its output has a graph; looked at in evaluation mode only.
        unused: Earlier calls of which ``builds`` was true, whose output has died since and before
            which, after the call, no backward or grad has begun.
        look: Good while the event is seen.
    """

    call: int
    site: Site
    innermost: Site
    module: int
    training: bool
    with_grad: bool
    ran: tuple[ModuleRan, ...]
    idle: tuple[Idle, ...] = ()
    builds: bool = False
    unused: tuple[int, ...] = ()
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, kw_only=True, slots=True)
class ForwardsWatched:
    """From now on outermost calls are told, or no longer: an iteration between was seen in part."""

    on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ModeSet:
    """A module was put in evaluation mode by ``eval()`` or ``train(False)``, its children with it.

    Attributes:
        module: Serial of the module.
        site: Innermost frame of the user's that is no ``train`` or ``eval`` of a module.
    """

    module: int
    training: bool
    site: Site
