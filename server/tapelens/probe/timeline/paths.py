"""What a module is called, seen from the outermost module that is being called."""

from __future__ import annotations

from typing import Any

UNNAMED = -2
NOWHERE = -1
_PATHS = 1 << 16
_CACHED = 1 << 17
_SEARCHED = 1 << 16

_attribute = object.__getattribute__

_WRAPPED = {
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "OptimizedModule": "_orig_mod",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "CheckpointWrapper": "_checkpoint_wrapped_module",
    "OffloadWrapper": "_checkpoint_wrapped_module",
}
"""Modules that add nothing to a path, and their name for the module within."""

Names = tuple[str, ...]


class Paths:
    """Paths of modules, each a small number.

    NOTE [ids of modules]: no module is kept. A cached way from one module to another is keyed by their
    ids, which may have passed to others since; so it is walked once more before it is believed.

    Attributes:
        quick: A module's name in the table of the one that calls it, and its number, by the caller's number
            and the module's ``id``: to be believed when that table still says so.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._known: list[tuple[str, str]] = []  # what is shown, and what a path below it begins with
        self.quick: dict[tuple[int, int], tuple[str, int]] = {}
        self._ways: dict[tuple[int, int], Names] = {}
        self._below: dict[tuple[int, Names], int] = {}

    def text(self, number: int) -> str:
        """The path; empty for none."""
        return "" if number < 0 else self._known[number][0]

    def name(self, modules: list[Any], numbers: list[int]) -> int:
        """Number every module that runs now and has none, and give the innermost one's."""
        for index, number in enumerate(numbers):
            if number == UNNAMED:
                numbers[index] = self._inner(modules, numbers, index) if index else self._root(modules[0])
        return numbers[-1]

    def _root(self, module: Any) -> int:  # noqa: ANN401 (an nn.Module)
        name = _class_name(module)
        return self._number(_class_name(_unwrapped(module)) if name in _WRAPPED else name, "")

    def _inner(self, modules: list[Any], numbers: list[int], index: int) -> int:
        module = modules[index]
        known = self.quick.get((numbers[index - 1], id(module)))
        if known is not None and _leads(modules[index - 1], (known[0],), module):
            return known[1]
        for outer in range(index - 1, -1, -1):
            if modules[outer] is module:  # it calls itself
                return numbers[outer]
            names = self._way(modules[outer], module)
            if names is not None:
                number = self._path(numbers[outer], _without_wrappers(modules[outer], names))
                if outer == index - 1 and len(names) == 1:
                    self._remember(numbers[outer], module, names[0], number)
                return number
        return self._path(numbers[index - 1], (_class_name(module),))  # in nobody's table

    def _path(self, outer: int, way: Names) -> int:
        if outer < 0 or not way:
            return outer
        key = (outer, way)
        number = self._below.get(key)
        if number is None:
            text = self._known[outer][1] + ".".join(way)
            number = self._number(text, text + ".")
            if number >= 0:
                self._below[key] = number
        return number

    def _number(self, shown: str, prefix: str) -> int:
        key = (shown, prefix)
        number = self._numbers.get(key)
        if number is None:
            if len(self._known) >= _PATHS:
                return NOWHERE
            number = self._numbers[key] = len(self._known)
            self._known.append(key)
        return number

    def _way(self, outer: Any, module: Any) -> Names | None:  # noqa: ANN401
        key = (id(outer), id(module))
        names = self._ways.get(key)
        if names is None or not _leads(outer, names, module):
            self._index(outer, module)
            names = self._ways.get(key)
            if names is None or not _leads(outer, names, module):
                return None
        return names

    def _remember(self, outer: int, module: object, name: str, number: int) -> None:
        if len(self.quick) > _CACHED:
            self.quick.clear()
        self.quick[outer, id(module)] = (name, number)

    def _index(self, outer: Any, module: Any) -> None:  # noqa: ANN401
        """Note the ways to a module's own modules; to all below when the one looked for is not among them."""
        if len(self._ways) > _CACHED:
            self._ways.clear()
        start = id(outer)
        fresh: dict[int, Names] = {}
        wave: list[tuple[Names, Any]] = [((), outer)]
        while wave and id(module) not in fresh and len(fresh) < _SEARCHED:
            following: list[tuple[Names, Any]] = []
            for names, each in wave:
                for name, inner in _table(each).items():
                    if inner is not None and id(inner) not in fresh:
                        fresh[id(inner)] = (*names, name)
                        following.append(((*names, name), inner))
            wave = following
        for identity, names in fresh.items():
            self._ways[start, identity] = names


def _table(module: Any) -> dict[str, Any]:  # noqa: ANN401
    """A module's own modules, by name; no code of the user's runs."""
    try:
        return _attribute(module, "_modules")
    except AttributeError:
        return {}


def _leads(outer: Any, names: Names, module: Any) -> bool:  # noqa: ANN401
    each = outer
    try:
        for name in names:
            each = _attribute(each, "_modules")[name]
    except (AttributeError, KeyError):
        return False
    return each is module


def _class_name(module: object) -> str:
    return type(module).__name__


def _unwrapped(module: Any) -> Any:  # noqa: ANN401
    """What a wrapper wraps."""
    for _ in range(len(_WRAPPED)):
        inner = _table(module).get(_WRAPPED.get(_class_name(module), ""))
        if inner is None:
            break
        module = inner
    return module


def _without_wrappers(outer: Any, names: Names) -> Names:  # noqa: ANN401
    kept: list[str] = []
    each = outer
    for name in names:
        if _WRAPPED.get(_class_name(each)) != name:
            kept.append(name)
        each = _table(each)[name]
    return tuple(kept)
