"""What the user's frames call optimizers and parameters; looked up only when a rule is about to speak."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from types import FrameType

from ...events import Cut, Evidence, Look, Outsider, Sample
from ..capture.inside import attributes
from ..capture.names import Reach, names_of
from ..capture.parts import child_name
from ..capture.variables import local_variables
from ..sites import user_frames
from .held import HeldGradients, parameters_of
from .known import below, own_children

FRAMES = 4
_TENSORS = 4000
_VALUES = 20_000


class LookInFrames(Look):
    """Answers from the variables of the frames that run; good while the event is seen."""

    def __init__(self, frame: FrameType | None, held: HeldGradients) -> None:
        self._frame = frame
        self._held = held
        self._names: dict[int, str] | None = None
        self._modules: dict[int, str] | None = None

    def __enter__(self) -> LookInFrames:  # noqa: PYI034 (Self is not in Python 3.10)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The event has been seen: let go of the frame, and know nothing more."""
        self._frame = None

    def optimizer(self, optimizer: int) -> str:
        """What the user's frame calls the optimizer, else its class."""
        found = self._held.named(optimizer)
        if found is None:
            return "optimizer"
        for frame in nearest_frames(self._frame):
            for name, value in _variables(frame):
                if value is found and name != "self":  # inside a step of its own, its caller knows a better one
                    return name
        return type(found).__name__

    def parameter(self, parameter: int) -> str:
        """What the user's frame calls the parameter, else its place in the optimizer."""
        if self._names is None:
            self._names = {}
            for frame in nearest_frames(self._frame):
                for identity, named in reach(frame).tensors.items():
                    self._names.setdefault(identity, named.names[0])
        return self._names.get(parameter) or self._place(parameter)

    def norm(self, parameters: Iterable[int]) -> float | None:
        """Euclidean norm of the parameters' gradients as they are now."""
        return self._held.norm(parameters)

    def gradients(self, parameters: Iterable[int]) -> int:
        """How many of these parameters, held by optimizers, have a gradient; all where it may not be read."""
        return self._held.gradients(parameters)

    def outsiders(self, parameters: Iterable[int]) -> tuple[Outsider, ...]:
        """Of parameters that no optimizer holds, those that one should, by the reason why."""
        from .outsiders import Outsiders  # noqa: PLC0415 (only when about to speak)

        making = self._held.making
        if making is None:
            return ()
        return Outsiders(making, self._held, called=self.parameter, named=self._module).find(parameters)

    def module(self, module: int) -> str:
        """What the user's frame calls the module, else its class."""
        making = self._held.making
        found = None if making is None else making.modules.numbered(module)
        return "a module" if found is None else self._module(found)

    def holds(self, module: int, other: int) -> bool:
        """The other module lies in the first, at any depth."""
        making = self._held.making
        if making is None:
            return False
        outer, inner = making.modules.numbered(module), making.modules.numbered(other)
        return outer is not None and any(each is inner for each in below(outer))

    def _module(self, module: object) -> str:
        if self._modules is None:
            self._modules = {}
            for frame in nearest_frames(self._frame):
                for name, value in _variables(frame):
                    if _is_module(value):
                        _name_modules(value, name, self._modules)
        return self._modules.get(id(module)) or type(module).__name__

    def held_by(self, optimizer: int) -> frozenset[int]:
        """Ids of the parameters that the optimizer holds."""
        found = self._held.named(optimizer)
        return frozenset() if found is None else frozenset(map(id, parameters_of(found)))

    def evidence(self, parameters: Iterable[int]) -> dict[int, Evidence]:
        """Gradients as they are now that are not zero, of a few of the parameters."""
        return self._held.evidence(parameters)

    def values(self, parameters: Iterable[int]) -> dict[int, Sample]:
        """A few values, as they are now, of a few of the parameters."""
        return self._held.values(parameters)

    def is_trained(self, module: int) -> bool:
        """Whether a parameter of the module, or of one in it, requires grad."""
        from ..blame.flow import is_trained  # noqa: PLC0415 (only when about to speak)

        making = self._held.making
        found = None if making is None else making.modules.numbered(module)
        return found is None or is_trained(found)

    def any_gradient(self, optimizer: int) -> bool | None:
        """Whether a parameter that the optimizer holds has a gradient; None where none can, or it may not be read."""
        return self._held.any_gradient(optimizer)

    def is_frozen(self, optimizer: int) -> bool:
        """None of the parameters that the optimizer holds requires grad."""
        return self._held.is_frozen(optimizer)

    def cut(self) -> Cut | None:
        """What cuts the path from the root of this call to what it was computed from; None when not found."""
        from ..blame.cuts import find_cut  # noqa: PLC0415 (only when about to speak)

        return find_cut(self._frame, trusting=False)

    def leaf_root(self) -> Cut | None:
        """Where the user's code made the root of this call, a leaf, from what it had computed; None when not found."""
        from ..blame.cuts import find_leaf_root  # noqa: PLC0415 (only when about to speak)

        return find_leaf_root(self._frame)

    def grad_switched_off(self) -> Cut | None:
        """What switched grad mode off in the frames that run; None when not found."""
        from ..blame.cuts import find_switched_off  # noqa: PLC0415 (only when about to speak)

        return find_switched_off(self._frame)

    def _place(self, parameter: int) -> str:
        for optimizer, _ in self._held.alive():
            for number, group in enumerate(optimizer.param_groups):
                for index, held in enumerate(group["params"]):
                    if id(held) == parameter:
                        given = group.get("param_names")
                        return str(given[index]) if given else f'param_groups[{number}]["params"][{index}]'
        return "a parameter"


def nearest_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The user's innermost frames."""
    return itertools.islice(user_frames(frame), FRAMES)


def reach(frame: FrameType) -> Reach:
    """Every tensor that the frame reaches, with names. Drop it before the program goes on."""
    found = Reach(tensors=_TENSORS, values=_VALUES)
    found.walk(names_of(frame))
    return found


def _variables(frame: FrameType) -> Iterator[tuple[str, object]]:
    """The frame's variables, then what lies in its ``self``."""
    yield from names_of(frame)
    owner = local_variables(frame).get("self")
    if owner is not None:
        for name, value in attributes(owner):
            yield f"self.{name}", value


def _is_module(value: object) -> bool:
    return sys.modules["torch"].nn.Module in type(value).__mro__


def _name_modules(module: object, name: str, names: dict[int, str]) -> None:
    """The module and all in it, each by its first name."""
    queue = [(module, name)]
    for each, called in queue:  # grows while we walk it
        if id(each) in names or len(names) >= _VALUES:
            continue
        names[id(each)] = called
        queue += [(child, child_name(each, called, key)) for key, child in own_children(each)]
