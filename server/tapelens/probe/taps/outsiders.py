"""Which parameters an optimizer should hold and none does; looked up only when a rule is about to speak."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ...events import Outsider
from ..capture.inside import dict_items, own_dict, sequence_kind
from ..capture.reading import shape_of
from .held import HeldGradients, parameters_of
from .known import KnownModule, Registered, below, is_written_by_user, own_children, own_parameters
from .making import MakingTap

if TYPE_CHECKING:
    import torch

_OF_MODULES = frozenset(("_parameters", "_buffers", "_modules"))
_ITEMS = 256
_DEEP = 2  # containers in a container
_UP = 64


class _Home(NamedTuple):
    """The module that has a parameter, and how it calls it."""

    module: Any
    name: str


class _Optimizer(NamedTuple):
    """An optimizer, its serial, and when it was made if that is known."""

    held: Any
    serial: int
    order: int | None


class _Kept(NamedTuple):
    """A module that keeps something in a list or dict, and who holds the module's own parameters."""

    module: Any
    name: str
    optimizer: _Optimizer


class Outsiders:
    """Looks through all modules that are known once; drop it before the program goes on.

    Args:
        making: Knows them.
        held: Knows who stepped.
        called: Says what the user calls a parameter.
        named: Says what the user calls a module.
    """

    def __init__(
        self,
        making: MakingTap,
        held: HeldGradients,
        *,
        called: Callable[[int], str],
        named: Callable[[Any], str],
    ) -> None:
        self._making = making
        self._held = held
        self._called = called
        self._named = named
        self._modules = list(making.modules.alive())
        self._optimizers = [self._optimizer(each) for each in making.optimizers()]
        self._holders: dict[int, list[_Optimizer]] = {}
        for optimizer in self._optimizers:
            for parameter in parameters_of(optimizer.held):
                self._holders.setdefault(id(parameter), []).append(optimizer)
        self._homes: dict[int, _Home] = {}
        self._kept: dict[int, _Kept | None] = {}
        self._holder_of: dict[int, _Optimizer | None] = {}
        self._parents: dict[int, _Home] = {}
        for module, _ in self._modules:
            for name, parameter in own_parameters(module):
                self._homes.setdefault(id(parameter), _Home(module, name))
            for name, child in own_children(module):
                self._parents.setdefault(id(child), _Home(module, name))

    def find(self, parameters: Iterable[int]) -> tuple[Outsider, ...]:
        """Of these, the ones that should be held; those with one reason together."""
        found: dict[object, Outsider] = {}
        for parameter in parameters:
            if parameter not in self._holders:
                judged = self._judge(parameter)
                if judged is not None:
                    key = judged.how, judged.optimizer, judged.place
                    first = found.get(key)
                    found[key] = judged if first is None else first._replace(parameters=(*first.parameters, parameter))
        return tuple(found.values())

    def _judge(self, parameter: int) -> Outsider | None:
        home = self._homes.get(parameter)
        if home is None:
            return self._in_a_container(parameter, None, parameter)
        root = self._root(home.module)
        optimizer = self._holder_in(root)
        if optimizer is not None:
            return self._came_later(parameter, home, optimizer)
        return (
            self._in_a_container(id(root), home, parameter)
            or self._took_a_place(parameter, home)
            or self._apart(parameter, root)
        )

    # -- the four reasons --------------------------------------------------------------------------------

    def _came_later(self, parameter: int, home: _Home, optimizer: _Optimizer) -> Outsider | None:
        if optimizer.order is None:
            return None
        later = [
            (registered, edge)
            for registered, edge in self._edges(home)
            if registered is not None and registered.order > optimizer.order
        ]
        if not later:
            return None
        registered, edge = later[-1]  # the outermost: a new layer rather than its weight
        how = "replaced" if registered.replaced else "later"
        return self._outsider(parameter, how, optimizer, registered.site, f"{self._named(edge.module)}.{edge.name}")

    def _edges(self, home: _Home) -> Iterator[tuple[Registered | None, _Home]]:
        """How the parameter came into its module and that into its parent, as far as nothing in it is held.

        What was wrapped whole after the optimizer was made came with all that is held.
        """
        of = self._making.modules.of
        yield of(home.module).parameters.get(home.name), home
        module = home.module
        for _ in range(_UP):
            parent = self._parents.get(id(module))
            if parent is None or self._holder_in(module) is not None:
                return
            yield of(parent.module).children.get(parent.name), parent
            module = parent.module

    def _in_a_container(self, what: int, home: _Home | None, parameter: int) -> Outsider | None:
        """Whether a module keeps ``what`` in a list or dict, and an optimizer holds others of its."""
        if what not in self._kept:
            self._kept[what] = self._keeper_of(what)
        kept = self._kept[what]
        if kept is None:
            return None
        first = self._making.modules.of(kept.module if home is None else home.module).first
        made = None if first is None else first.site
        return self._outsider(
            parameter, "unregistered", kept.optimizer, made, f"{self._named(kept.module)}.{kept.name}"
        )

    def _keeper_of(self, what: int) -> _Kept | None:
        for module, _ in self._modules:
            for name, value in dict_items(own_dict(module)):
                if name not in _OF_MODULES and _lies_in(value, what):
                    optimizer = self._holder_in(self._root(module))
                    if optimizer is not None:
                        return _Kept(module, str(name), optimizer)
        return None

    def _took_a_place(self, parameter: int, home: _Home) -> Outsider | None:
        """Of a model all of whose parameters were replaced, the optimizer holds what no module has any more."""
        for registered, edge in self._edges(home):
            if registered is not None and registered.replaced:
                for optimizer in self._optimizers:
                    if optimizer.order is not None and optimizer.order < registered.order and self._orphans(optimizer):
                        where = f"{self._named(edge.module)}.{edge.name}"
                        return self._outsider(parameter, "replaced", optimizer, registered.site, where)
        return None

    def _apart(self, parameter: int, root: Any) -> Outsider | None:  # noqa: ANN401 (a module)
        first = self._making.modules.of(root).first
        optimizer = self._stepped_last()
        if optimizer is None:
            return None
        site = None if first is None else first.site
        if _shapes(self._orphans(optimizer)) == _shapes(
            held for each in below(root) for _, held in own_parameters(each)
        ):
            return self._outsider(parameter, "apart", optimizer, site, self._named(root))
        if first is None or (first.in_library and not is_written_by_user(type(root))):
            return None
        if not all(map(self._is_to_be_trained, below(root))):
            return None
        return self._outsider(parameter, "apart", optimizer, site, self._named(root))

    def _orphans(self, optimizer: _Optimizer) -> list[Any]:
        """What it holds that no module has."""
        return [held for held in parameters_of(optimizer.held) if id(held) not in self._homes]

    def _is_to_be_trained(self, module: torch.nn.Module) -> bool:
        known: KnownModule = self._making.modules.of(module)
        frozen = any(not parameter.requires_grad for _, parameter in own_parameters(module))
        return not known.was_eval and not known.was_loaded and not frozen and module.__dict__.get("training") is True

    def _outsider(self, parameter: int, how: Any, optimizer: _Optimizer, made: Any, place: str) -> Outsider:  # noqa: ANN401
        seen = self._making.made(optimizer.held)
        return Outsider(
            parameters=(parameter,),
            name=self._called(parameter),
            how=how,
            optimizer=optimizer.serial,
            kind=type(optimizer.held).__name__,
            optimizer_made=None if seen is None else seen.site,
            made=made,
            place=place,
        )

    # -- who holds and who has -----------------------------------------------------------------------------

    def _optimizer(self, optimizer: torch.optim.Optimizer) -> _Optimizer:
        made = self._making.made(optimizer)
        return _Optimizer(optimizer, self._held.serial_of(optimizer), None if made is None else made.order)

    def _root(self, module: Any) -> Any:  # noqa: ANN401 (a module)
        for _ in range(_UP):
            parent = self._parents.get(id(module))
            if parent is None:
                break
            module = parent.module
        return module

    def _holder_in(self, root: Any) -> _Optimizer | None:  # noqa: ANN401 (a module)
        """The optimizer that holds most of what is in the module."""
        if id(root) not in self._holder_of:
            self._holder_of[id(root)] = self._most_in(root)
        return self._holder_of[id(root)]

    def _most_in(self, root: Any) -> _Optimizer | None:  # noqa: ANN401 (a module)
        counts: dict[int, int] = {}
        by_serial: dict[int, _Optimizer] = {}
        for module in below(root):
            for _, parameter in own_parameters(module):
                for optimizer in self._holders.get(id(parameter), ()):
                    by_serial[optimizer.serial] = optimizer
                    counts[optimizer.serial] = counts.get(optimizer.serial, 0) + 1
        return by_serial[max(counts, key=lambda serial: counts[serial])] if counts else None

    def _stepped_last(self) -> _Optimizer | None:
        stepped = {id(optimizer): known.steps for optimizer, known in self._held.alive()}
        return max(
            (each for each in self._optimizers if stepped.get(id(each.held))),
            key=lambda each: stepped[id(each.held)],
            default=None,
        )


def _lies_in(value: object, what: int, *, deep: int = _DEEP) -> bool:
    """Whether the object lies in a list, tuple, set or dict, or in one of those in it."""
    return any(id(item) == what or (deep > 1 and _lies_in(item, what, deep=deep - 1)) for item in _items(value))


def _items(value: object) -> Iterator[object]:
    kind = sequence_kind(type(value).__mro__)
    if kind is not None:
        yield from itertools.islice(kind.__iter__(value), _ITEMS)
    else:
        yield from (item for _, item in dict_items(value)[:_ITEMS])


def _shapes(parameters: Iterable[Any]) -> list[tuple[int, ...]]:
    return sorted(shape for parameter in parameters if (shape := shape_of(parameter)) is not None)
