"""Who holds graphs of earlier iterations: a scan of the user's frames, and a look at the source for what ties them."""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterable
from types import FrameType
from typing import Any

from ...events import GraphsHeld, Holders
from ...wire.memory import Keeper
from ..capture.graph import Graph
from ..capture.guards import collector_held, undisturbed
from ..capture.inside import element, member
from ..capture.keepers import find_keepers
from ..capture.reading import storage_of
from ..capture.variables import local_variables
from ..sites import is_user_file, user_frames
from .held import HeldGradients, parameters_of
from .names import LookInFrames
from .ties import Scope, Target, drops, find_tie, passed_on, target_of

_FRAMES = 8
_UNNAMED = frozenset(("generator", "exception", "optimizer"))
_TIES = 8  # keepers that a statement is looked for


class HoldersInFrames(Holders):
    """Searches the frames that run; good while the event is seen.

    Args:
        frame: Of the call that is about to run.
        held: Knows the parameters.
        starts: The sequence clock as each of the last iterations' first backward began.
    """

    def __init__(self, frame: FrameType | None, held: HeldGradients, *, starts: tuple[int, ...]) -> None:
        self._frame = frame
        self._held = held
        self._starts = starts

    def close(self) -> None:
        """The event has been seen: let go of the frame."""
        self._frame = None

    def find(self) -> tuple[GraphsHeld, ...]:
        """Those that hold most first."""
        frames = list(user_frames(self._frame))[:_FRAMES]
        if not frames:
            return ()
        look = LookInFrames(self._frame, self._held)
        with collector_held(), undisturbed():
            keepers = find_keepers(
                frames[0],
                lambda tensor: look.parameter(id(tensor)),
                steps=self._starts,
                graph=Graph(),
                saved=(),
                runs=(),
                in_line=False,
                parameters=self._parameters(),
            )
            named = [each for each in keepers.keepers if each.kind not in _UNNAMED][:_TIES]
            return _those_that_tie([_held_by(each, frames) for each in named])

    def _parameters(self) -> set[int]:
        storages = (
            storage_of(parameter) for optimizer, _ in self._held.alive() for parameter in parameters_of(optimizer)
        )
        return {storage[0] for storage in storages if storage is not None}


def _those_that_tie(found: list[tuple[GraphsHeld, int]]) -> tuple[GraphsHeld, ...]:
    """What is only made from what holds them says nothing new: an assignment counts where nothing adds."""
    best = min((rank for _, rank in found), default=0)
    return tuple(held for held, rank in found if rank == best or rank < _ASSIGNED)


_ASSIGNED = 2
_NONE = 3


def _held_by(keeper: Keeper, frames: list[FrameType]) -> tuple[GraphsHeld, int]:
    target = target_of(keeper.path)
    owner, scopes = _scopes(keeper, target, frames)
    tie = find_tie(target, scopes)
    if tie is None or tie.rank == _ASSIGNED:
        for named, scope in passed_on(target, scopes):
            inner = find_tie(named, [scope])
            if inner is not None and inner.rank < _ASSIGNED:
                tie = inner
                break
    length = _value_of(keeper.path, owner)
    held = GraphsHeld(
        name=keeper.path,
        function=keeper.function,
        tensors=keeper.tensors,
        iterations=keeper.steps,
        nodes=keeper.nodes,
        size_bytes=keeper.size_bytes,
        at_least=keeper.at_least,
        tie=None if tie is None else tie.site,
        statement="" if tie is None else tie.statement,
        is_bounded=(type(length) is deque and length.maxlen is not None) or drops(target, scopes),
    )
    return held, _NONE if tie is None else tie.rank


def _scopes(keeper: Keeper, target: Target, frames: list[FrameType]) -> tuple[dict[str, Any], list[Scope]]:
    """The variables that the name begins among, and where to look for statements, best first."""
    owner = next((frame for frame in frames if _name_of(frame) == keeper.function), None)
    if owner is not None and keeper.kind != "global":
        variables = local_variables(owner)
        first = Scope(
            owner.f_code.co_filename, owner.f_code.co_firstlineno if owner.f_code.co_name != "<module>" else None
        )
    else:
        module = sys.modules.get(keeper.function)
        variables = dict(vars(module)) if module is not None else frames[0].f_globals
        file = variables.get("__file__")
        first = Scope(file if isinstance(file, str) else frames[0].f_code.co_filename, None)
    if not target.is_attribute and keeper.kind not in {"global", "closure"}:
        return variables, [first]
    inner = [Scope(frame.f_code.co_filename, None) for frame in frames]
    homes = [Scope(home, None) for home in _homes(keeper.path, variables)]
    return variables, list(dict.fromkeys([first, *homes, Scope(first.file, None), *inner]))


def _name_of(frame: FrameType) -> str:
    return getattr(frame.f_code, "co_qualname", frame.f_code.co_name)


def _homes(path: str, variables: dict[str, Any]) -> Iterable[str]:
    """Files of the user's in which the classes on the way are written, the last one first."""
    homes: list[str] = []
    for value in _values_on(path, variables):
        for kind in type(value).__mro__:
            home = getattr(sys.modules.get(kind.__module__), "__file__", None)
            if isinstance(home, str) and is_user_file(home):
                homes.append(home)
    return reversed(homes)


def _value_of(path: str, variables: dict[str, Any]) -> Any:  # noqa: ANN401
    values = _values_on(path, variables)
    return values[-1] if values else None


def _values_on(path: str, variables: dict[str, Any]) -> list[Any]:
    """What lies on the way, as far as it can be followed without running anything."""
    try:
        expression: ast.expr = ast.parse(path, mode="eval").body
    except SyntaxError:
        return []
    steps: list[ast.expr] = []
    while isinstance(expression, (ast.Attribute, ast.Subscript)):
        steps.append(expression)
        expression = expression.value
    if not isinstance(expression, ast.Name) or expression.id not in variables:
        return []
    values = [variables[expression.id]]
    for step in reversed(steps):
        value: Any = None
        if isinstance(step, ast.Attribute):
            value = member(values[-1], step.attr)
        elif isinstance(step, ast.Subscript) and isinstance(step.slice, ast.Constant):
            value = element(values[-1], step.slice.value)
        if value is None:
            return []
        values.append(value)
    return values
