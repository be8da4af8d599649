"""The tap on what comes into being: parameters and modules in modules, optimizers; and on who loads and evaluates."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...events import Event, ModeSet, OptimizerMade
from ...wire.sites import Site
from ..capture.variables import local_variables
from ..guard import Report, guard
from ..sites import Place, place_of
from ..weaving import Leave, Weave, leave_nothing
from .held import HeldGradients, parameters_of
from .known import KnownModules, Registered, below, own_children, own_parameters
from .woven import WovenTap

if TYPE_CHECKING:
    import torch

_MODES = ("train", "eval")
_FRAMES = 8  # of constructors and modes, one calling the other


class MadeOptimizer(NamedTuple):
    """An optimizer whose construction was seen."""

    reference: weakref.ref[torch.optim.Optimizer]
    order: int
    site: Site


class MakingTap(WovenTap):
    """Listens to constructors and registrations.

    Attributes:
        modules: What was made, by the way.
    """

    def __init__(
        self, emit: Callable[[Event], None], report: Report, *, held: HeldGradients, modules: KnownModules
    ) -> None:
        self.modules = modules
        self._emit = emit
        self._held = held
        self._guard = guard("modules and optimizers made", report)
        self._handles: list[Any] = []
        self._optimizers: dict[int, MadeOptimizer] = {}
        modes = Weave("torch.nn.modules.module", "Module.train", given="self, mode", unless="mode is not False")
        super().__init__(
            self._guard,
            (
                (Weave("torch.optim.optimizer", "Optimizer.__init__"), self._entered(self._make)),
                (modes, _unless_inside(modes, self._entered(self._set_mode))),
                (Weave("torch.nn.modules.module", "Module.load_state_dict"), self._entered(self._load)),
            ),
        )

    def install(self) -> None:
        """Begin to listen."""
        atexit.register(self.remove)  # what runs while the interpreter is taken down finds nothing of ours
        torch = sys.modules["torch"]
        is_compiling = torch.compiler.is_compiling
        got_parameter, got_child = self._guard(self._got_parameter), self._guard(self._got_child)

        def on_parameter(module: torch.nn.Module, name: str, parameter: Any) -> None:  # noqa: ANN401 (a Parameter or None)
            if not is_compiling():
                got_parameter(module, name, parameter)

        def on_child(module: torch.nn.Module, name: str, child: Any) -> None:  # noqa: ANN401 (a Module or None)
            if not is_compiling():
                got_child(module, name, child)

        hooks = sys.modules["torch.nn.modules.module"]
        self._handles = [
            hooks.register_module_parameter_registration_hook(on_parameter),
            hooks.register_module_module_registration_hook(on_child),
        ]
        super().install()

    def remove(self) -> None:
        """Listen no more."""
        atexit.unregister(self.remove)
        super().remove()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def made(self, optimizer: torch.optim.Optimizer) -> MadeOptimizer | None:
        """How the optimizer came into being, when that was seen."""
        known = self._optimizers.get(id(optimizer))
        return known if known is not None and known.reference() is optimizer else None

    def optimizers(self) -> Iterator[torch.optim.Optimizer]:
        """All that are known and alive; held while the caller looks at each."""
        stepped = {id(optimizer): optimizer for optimizer, _ in self._held.alive()}
        yield from stepped.values()
        for identity, known in list(self._optimizers.items()):
            optimizer = known.reference()
            if optimizer is None:
                self._optimizers.pop(identity, None)
            elif identity not in stepped:
                yield optimizer

    def _entered(self, enter: Callable[..., Leave | None]) -> Callable[..., Leave]:
        careful = self._guard(enter)
        return lambda *given: careful(*given) or leave_nothing

    # -- registrations ---------------------------------------------------------------------------------

    def _got_parameter(self, module: torch.nn.Module, name: str, parameter: object) -> None:
        before = dict(own_parameters(module)).get(name)
        if parameter is None or before is parameter:
            return
        known = self.modules.of(module)
        known.told = None
        known.parameters[name] = self._registered([] if before is None else [before])

    def _got_child(self, module: torch.nn.Module, name: str, child: object) -> None:
        before = dict(own_children(module)).get(name)
        if child is None or before is child:
            return
        held = [] if before is None else [held for each in below(before) for _, held in own_parameters(each)]
        self.modules.note_child(module, name, self._registered(held))

    def _registered(self, before: list[Any]) -> Registered:
        """Now, by the running line; ``before`` are parameters that had the name."""
        place = place_of(sys._getframe(2))
        replaced = bool(before) and not self._held_anywhere().isdisjoint(map(id, before))
        return Registered(self.modules.next_order(), place.user, place.innermost.in_library, replaced)

    def _held_anywhere(self) -> set[int]:
        return {id(parameter) for optimizer in self.optimizers() for parameter in parameters_of(optimizer)}

    # -- constructors and modes --------------------------------------------------------------------------

    def _make(self, optimizer: torch.optim.Optimizer) -> Leave:
        return self._guard(lambda output: None if output is ... else self._has_made(optimizer))  # pyright: ignore[reportReturnType]

    def _has_made(self, optimizer: torch.optim.Optimizer) -> None:
        place = _place_outside(sys._getframe(3), ("__init__",), optimizer)
        self._optimizers[id(optimizer)] = MadeOptimizer(weakref.ref(optimizer), self.modules.next_order(), place.user)
        self._emit(
            OptimizerMade(
                optimizer=self._held.serial_of(optimizer),
                kind=type(optimizer).__name__,
                site=place.user,
                innermost=place.innermost,
                parameters=tuple(map(id, parameters_of(optimizer))),
            )
        )

    def _set_mode(self, module: torch.nn.Module, _mode: object) -> Leave | None:
        woven = sys._getframe(4)  # below it the guard's, and what stands before that
        outer = woven.f_back
        for _ in range(_FRAMES):
            if outer is None or outer.f_code.co_name not in _MODES:
                break
            if outer.f_code is woven.f_code:  # a parent's call brings its children's
                return None
            outer = outer.f_back
        known = self.modules.of(module)
        if not known.was_eval:
            for each in below(module):
                self.modules.of(each).was_eval = True
        place = _place_outside(woven, _MODES, module)
        event = ModeSet(module=known.serial, training=False, site=place.user)
        return self._guard(lambda _output: self._emit(event))  # pyright: ignore[reportReturnType]

    def _load(self, module: torch.nn.Module) -> None:
        for each in below(module):
            self.modules.of(each).was_loaded = True


def _unless_inside(weave: Weave, enter: Callable[..., Leave]) -> Callable[..., Leave]:
    """As ``enter``, but a call that another one makes for a child costs next to nothing."""

    def enter_outermost(module: Any, mode: object) -> Leave:  # noqa: ANN401 (an nn.Module)
        caller = sys._getframe(1).f_back
        return leave_nothing if caller is None or caller.f_code is weave.code else enter(module, mode)

    return enter_outermost


def _place_outside(frame: FrameType, names: tuple[str, ...], owner: object) -> Place:
    """Where an object's methods of these names were called from."""
    each: FrameType | None = frame
    while each is not None and each.f_code.co_name in names and _first_argument(each) is owner:
        frame, each = each, each.f_back
    return place_of(each or frame)


def _first_argument(frame: FrameType) -> object:
    names = frame.f_code.co_varnames[:1] if frame.f_code.co_argcount else ()
    return local_variables(frame).get(names[0]) if names else None
