"""The programs whose every trace is compared: found in ``programs/``, told of by a mark on each."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HOME = Path(__file__).parent / "programs"


Way = Literal["bare", "tapped", "stopped", "probed"]
LATE = "it did not end in time"
"""What is told of a run that its deadline ended."""

EVERY_WAY: tuple[Way, ...] = ("bare", "tapped", "stopped", "probed")


class NotHere(Exception):
    """A program cannot run on this machine; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a program asks for.

    Attributes:
        slow: Only in the whole run.
        fresh: Forked from a process that has imported torch and nothing more (optimizers then import the compiler).
        needs: Modules, or commands after ``$``, without which it is skipped.
        ways: How it is run; see ``measure.compare``.
    """

    slow: bool
    fresh: bool
    needs: tuple[str, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program of the corpus; its name is ``file:function``."""

    name: str
    mark: Mark
    run: Callable[[Any], object]


def program(
    *, slow: bool = False, fresh: bool = False, needs: tuple[str, ...] = (), ways: tuple[Way, ...] = EVERY_WAY
) -> Callable[[Any], Any]:
    """A function of one argument, ``tell``, is a program; what it returns is looked at after its end."""

    def marked(function: Any) -> Any:
        function.mark = Mark(slow=slow, fresh=fresh, needs=needs, ways=ways)
        return function

    return marked


def missing(mark: Mark) -> str | None:
    """What a program needs and this machine has not."""
    for need in mark.needs:
        there = shutil.which(need[1:]) if need.startswith("$") else importlib.util.find_spec(need)
        if there is None:
            return f"needs {need.removeprefix('$')}, which is not here"
    return None


def load(path: Path) -> dict[str, Program]:
    """The programs of one file, by name, in the file's order."""
    name = f"laws.programs.{path.stem}"  # under which a spawned process finds it too
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # what is pickled in there is found again
    spec.loader.exec_module(module)
    return {
        f"{path.stem}:{key}": Program(name=f"{path.stem}:{key}", mark=value.mark, run=value)
        for key, value in vars(module).items()
        if isinstance(getattr(value, "mark", None), Mark)
    }


def marks() -> dict[str, Mark]:
    """Every program's name and mark; needs torch, which the files import."""
    found: dict[str, Mark] = {}
    for path in sorted(HOME.glob("*.py")):
        found.update((name, each.mark) for name, each in load(path).items())
    return found
