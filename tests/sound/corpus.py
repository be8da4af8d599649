"""Sound training loops: each is a function, marked, that trains as the documentation of a library does."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

PROGRAMS = Path(__file__).parent / "programs"
_MARKED = "_sound"

F = TypeVar("F", bound=Callable[..., object])


def sound(function: F) -> F:
    """It trains as one should."""
    setattr(function, _MARKED, (None,))
    return function


def each(names: Iterable[str]) -> Callable[[F], F]:
    """It trains so once for each name that it is given."""

    def marked(function: F) -> F:
        setattr(function, _MARKED, tuple(names))
        return function

    return marked


def programs(file: Path) -> dict[str, Callable[[], object]]:
    """What a file holds, by name; its libraries are imported now."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    found: dict[str, Callable[[], object]] = {}
    for name, value in vars(module).items():
        for given in getattr(value, _MARKED, ()):
            if given is None:
                found[f"{file.stem}:{name}"] = value
            else:
                found[f"{file.stem}:{name}[{given}]"] = _with(value, given)
    return found


def _with(function: Callable[[str], object], name: str) -> Callable[[], object]:
    return lambda: function(name)
