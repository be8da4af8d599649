"""The tap on hooks: who puts one where the same are already.

NOTE [one seam]: every way to register a hook, on a tensor, a module, an optimizer or everything, makes a
``RemovableHandle`` for the table that keeps it. That table says what is alive, however it was removed.
Hooks on autograd nodes have no table that Python reaches.
"""

from __future__ import annotations

import atexit
import sys
from bisect import bisect_right
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ...events import BackwardBegan, Event, ForwardRan, HookRegistered, StepEnded
from ..capture.codes import callable_name, callable_site
from ..capture.inside import dict_items
from ..capture.variables import local_variables
from ..guard import Report, guard
from ..sites import place_of
from ..weaving import Leave, Weave, leave_nothing
from .hearing import told_first
from .woven import WovenTap

_ALIKE = 4  # in one place, before anybody is told
_MANY = 64  # from which on one of
_ONE_OF = 16  # is looked at
_TURNS = 4096


class HookTap(WovenTap):
    """Listens as handles are made."""

    def __init__(self, emit: Callable[[Event], None], report: Report) -> None:
        self._emit = emit
        self._guard = guard("hooks registered", report)
        self._turns: list[int] = []  # the number that the next handle had as each turn of the program began
        look = self._guard(self._look)
        made = Weave("torch.utils.hooks", "RemovableHandle.__init__", given="self, hooks_dict")
        super().__init__(self._guard, [(made, lambda handle, table: look(handle, table) or leave_nothing)])

    def install(self) -> None:
        """Begin to listen."""
        atexit.register(self.remove)  # what runs while the interpreter is taken down finds nothing of ours
        super().install()

    def remove(self) -> None:
        """Listen no more."""
        atexit.unregister(self.remove)
        super().remove()
        self._turns = []

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``, with this tap told when the program's turns begin."""
        return told_first(emit, [BackwardBegan, StepEnded, ForwardRan], self._guard(self._turn))

    def _turn(self, _event: Event) -> None:
        following: int = sys.modules["torch.utils.hooks"].RemovableHandle.next_id
        if self._turns and self._turns[-1] >= following:
            return  # no hook in between
        self._turns.append(following)
        if len(self._turns) > _TURNS:
            del self._turns[: _TURNS // 2]

    def _look(self, handle: Any, table: Any) -> Leave | None:  # noqa: ANN401 (torch's own, and a dict)
        count = dict.__len__(table) if dict in type(table).__mro__ else 0
        if count < _ALIKE - 1 or (count > _MANY and count % _ONE_OF):
            return None
        return self._guard(lambda output: None if output is ... else self._compare(handle, table, sys._getframe(2)))  # pyright: ignore[reportReturnType]

    def _compare(self, handle: Any, table: Any, woven: FrameType) -> None:  # noqa: ANN401
        registrar = woven.f_back
        hook = None if registrar is None else local_variables(registrar).get("hook")
        if registrar is None or hook is None:
            return
        name, code = callable_name(hook)
        alike = [number for number, other in dict_items(table) if _same(other, hook, code)] + [handle.id]
        if len(alike) < _ALIKE:
            return
        place = place_of(registrar)
        self._emit(
            HookRegistered(
                handle=handle.id,
                target=_target(registrar),
                registrar=registrar.f_code.co_name,
                name=name,
                code=callable_site(name.partition("(")[0], code),
                site=place.user,
                innermost=place.innermost,
                alike=tuple((number, bisect_right(self._turns, number)) for number in alike),
            )
        )


def _same(other: object, hook: object, code: CodeType | None) -> bool:
    """Both run the same code."""
    return other is hook or (code is not None and callable_name(other)[1] is code)


def _target(registrar: FrameType) -> str:
    """What carries the hook, by who registers it."""
    torch = sys.modules["torch"]
    names = registrar.f_code.co_varnames[:1] if registrar.f_code.co_argcount else ()
    mro = type(local_variables(registrar).get(names[0])).__mro__ if names else ()
    if torch.Tensor in mro:
        return "tensor"
    if torch.nn.Module in mro:
        return "module"
    return "optimizer" if torch.optim.Optimizer in mro else "everything"
