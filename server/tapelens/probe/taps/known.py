"""Modules and optimizers that the program made: where, and in which order. Never a tensor."""

from __future__ import annotations

import itertools
import types
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ...events import ModuleRan
from ...wire.sites import Site
from ..capture.inside import class_attribute, dict_items, own_dict
from ..sites import is_user_file

if TYPE_CHECKING:
    import torch

_SITES = 4096


class Registered(NamedTuple):
    """How a module got a parameter or a child.

    Attributes:
        order: Later ones have a greater number, optimizers counted with them.
        in_library: No user code called what registered it.
        replaced: What had the name before was held by an optimizer, or had such parameters in it.
    """

    order: int
    site: Site
    in_library: bool
    replaced: bool


@dataclass(eq=False, slots=True)
class KnownModule:
    """A module, not held.

    Attributes:
        serial: Never reused in the process.
        parameters: What it got of its own, by name.
        children: The same of modules in it.
        was_eval: Somebody put it in evaluation mode.
        was_loaded: Somebody loaded a state dict into it.
        told: What was said of it last, as a module that ran; good while ``generation`` is.
    """

    reference: weakref.ref[torch.nn.Module]
    serial: int
    parameters: dict[str, Registered] = field(default_factory=dict[str, Registered])
    children: dict[str, Registered] = field(default_factory=dict[str, Registered])
    was_eval: bool = False
    was_loaded: bool = False
    told: ModuleRan | None = None
    generation: int = 0

    @property
    def first(self) -> Registered | None:
        """What it got first: near to where it was made."""
        return min((*self.parameters.values(), *self.children.values()), default=None)


class KnownModules:
    """All modules that were seen being built, or running, and are alive."""

    def __init__(self) -> None:
        self._serials = itertools.count(1)
        self._orders = itertools.count(1)
        self._modules: dict[int, KnownModule] = {}
        self._sites: dict[tuple[str, str, str], Site] = {}

    def of(self, module: torch.nn.Module) -> KnownModule:
        """What is known of the module."""
        identity = id(module)
        known = self._modules.get(identity)
        if known is None or known.reference() is not module:
            table = self._modules

            def died(_reference: object) -> None:
                table.pop(identity, None)

            known = table[identity] = KnownModule(weakref.ref(module, died), next(self._serials))
        return known

    def alive(self) -> Iterator[tuple[torch.nn.Module, KnownModule]]:
        """Modules, held while the caller looks at each."""
        for known in list(self._modules.values()):
            module = known.reference()
            if module is not None:
                yield module, known

    def numbered(self, serial: int) -> torch.nn.Module | None:
        """The module with this serial, while it lives."""
        return next((module for module, known in self.alive() if known.serial == serial), None)

    def next_order(self) -> int:
        """For an optimizer that was made just now, or what a module just got."""
        return next(self._orders)

    def note_child(self, module: torch.nn.Module, name: str, registered: Registered) -> None:
        """The module got a child."""
        self.of(module).children[name] = registered
        if len(self._sites) < _SITES:
            self._sites[(*_class_of(module), name)] = registered.site

    def site_of_child(self, module: torch.nn.Module, name: str, child: torch.nn.Module) -> Site | None:
        """Where a child was made: the line that made a module of torch's, else the one that gave it to its parent.

        Of a copied or unpickled module, where another of its class got the child of this name.
        """
        known = self._modules.get(id(child))
        first = None if known is None or is_written_by_user(type(child)) else known.first
        if first is not None and not first.in_library:
            return first.site
        parent = self._modules.get(id(module))
        given = None if parent is None else parent.children.get(name)
        return given.site if given is not None else self._sites.get((*_class_of(module), name))


def own_parameters(module: object) -> list[tuple[str, Any]]:
    """Parameters that lie in the module itself, by name; None among them left out."""
    return [(name, held) for name, held in dict_items((own_dict(module) or {}).get("_parameters")) if held is not None]


def own_children(module: object) -> list[tuple[str, Any]]:
    """Modules that lie in the module itself, by name."""
    return [(name, child) for name, child in dict_items((own_dict(module) or {}).get("_modules")) if child is not None]


def below(module: object, *, at_most: int = 20_000) -> Iterator[Any]:
    """The module and all in it, nearest first."""
    seen = {id(module)}
    queue = [module]
    for each in queue:  # grows while we walk it
        yield each
        for _, child in own_children(each):
            if id(child) not in seen and len(seen) < at_most:
                seen.add(id(child))
                queue.append(child)


def is_written_by_user(kind: type) -> bool:
    """Whether the user wrote what runs as a module of this class is called."""
    forward = class_attribute(kind, "forward")
    if type(forward) is not types.FunctionType:
        return False
    name = forward.__code__.co_filename
    return not name.startswith(("<eval_with_key>", "<frozen")) and is_user_file(name)


def _class_of(module: object) -> tuple[str, str]:
    kind = type(module)
    return str(kind.__module__), kind.__qualname__
