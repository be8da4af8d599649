"""Gradients that optimizers hold: what they were and what they are, within a budget."""

from __future__ import annotations

import itertools
import math
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...events import Evidence, Held, HeldKey, Sample
from ..capture.guards import undisturbed
from .samples import sample, sample_gradient, version_of
from .updates import Found, Updates

if TYPE_CHECKING:
    import torch

    from .making import MakingTap

READ_FULLY = 5  # steps of an optimizer, after that one of
READ_ONE_OF = 50
SAMPLED = 32  # gradients whose values are read in one look
_WARY = 8  # looks at something suspicious before
_WARY_SAMPLED = 4  # so few are looked at
_RESERVED = 1024  # optimizers that have not stepped, before the dead ones among them are forgotten
_LOOKED_AT = 8  # parameters of a group, where all gradients were None before
_IDLE = 16  # steps without a backward whose gradients are read: some programs never call one
_ASKED = 32  # parameters that a rule asks for at once


class HeldByOptimizer:
    """One optimizer and what its last step left, in numbers.

    NOTE [cheap and full]: what a step leaves, object and version, costs a fifth of a microsecond a
    parameter. At the next backward's entry a gradient that is still there, the same object at the
    same version, is suspicious; in sound loops none is. Only for those, and at the exits that
    ``Held`` names, are values read. Where the gradients were all None at the entries after some
    exits running, what a step leaves is not even noted, and only a few parameters are looked at,
    others each time, until a gradient is there again.

    NOTE [gradients of other threads]: the engine runs without the interpreter's lock. To read ``.grad``
    of a parameter that a backward on another thread adds to is a race, and ends in a crash. So an
    optimizer is read on the thread that steps it only, and not at all once two threads step it or
    step two optimizers over one parameter.

    Attributes:
        serial: Never reused in the process.
        steps: Outermost steps so far.
        thread: The thread that steps it.
        is_shared: More than one thread trains its parameters: nothing is read.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, serial: int) -> None:
        self.reference = weakref.ref(optimizer)
        self.serial = serial
        self.steps = 0
        self.thread = threading.get_ident()
        self.is_shared = False
        self.updates = Updates()
        self._left: dict[int, int] | None = {}  # version by id of the gradient; None: not noted
        self._used: dict[int, Evidence] = {}  # gradients as the last exit left them, by parameter, where it read them
        self._backwards = 0  # of the process, at the last exit
        self._idles = 0  # steps that found nothing new, it seems
        self._cleared = 0  # entries running that found no gradient after an exit
        self._sampled: set[int] = set()  # parameters whose values were read then
        self._sums: dict[int, tuple[int, int]] = {}  # id and version of gradients added to though used, by parameter
        self._looks = 0
        self._suspicious = False

    def before_backward(self, optimizer: torch.optim.Optimizer) -> Held:
        """The suspects: as the last step left them, or sums as the last backward left them."""
        left, sums = self._left, self._sums
        if not sums and left is not None and not left:
            return {}
        with sys.modules["torch"]._C.DisableTorchFunction():
            looked_at = parameters_of(optimizer) if left is not None or sums else self._some_of(optimizer)
            found = [(parameter, gradient) for parameter in looked_at if (gradient := parameter.grad) is not None]
        if not found:
            self._cleared += 1
            self._left, self._sums = {}, {}
            return {}
        self._cleared = 0
        if left is None:  # who cleared before no longer does: look in full after the next step
            self._suspicious, self._left = True, {}
            return {}
        suspects = [
            (parameter, gradient)
            for parameter, gradient in found
            if left.get(id(gradient)) == (version := version_of(gradient))
            or sums.get(id(parameter)) == (id(gradient), version)
        ]
        if not suspects:
            self._sums = {}
            return {}
        self._looks += 1
        self._suspicious = True
        return self._read(suspects, prefer=self._sampled | sums.keys())

    def after_backward(self, optimizer: torch.optim.Optimizer, before: Held) -> Held:
        """The suspects again; those that changed are followed until a step or a write."""
        mine = {key.parameter for key in before if key.optimizer == self.serial}
        if not mine:
            return {}
        held = self._read(_with_gradients(optimizer, mine), prefer=mine)
        self._sums = {
            key.parameter: (seen.identity, seen.version)
            for key, seen in held.items()
            if not seen.agrees_with(before[key]) or key.parameter in self._sums
        }
        return held

    def before_step(self, optimizer: torch.optim.Optimizer) -> Held:
        """The sums."""
        if not self._sums or self.is_shared:
            return {}
        return self._read(_with_gradients(optimizer, self._sums.keys()), prefer=self._sums.keys())

    def find(self, optimizer: torch.optim.Optimizer, *, backwards: int, cleared: bool) -> Found:
        """What a step finds, as far as it is looked at.

        Args:
            optimizer: The one that steps.
            backwards: How many the process has begun.
            cleared: Something was cleared since the last one.
        """
        if self.is_shared:
            return Found()
        found = self.updates.before(optimizer, left=self._left, used=self._used, cleared=cleared, often=self._is_full())
        idle = backwards == self._backwards and found.gradients not in {None, "none"}
        if (
            found.stands or idle
        ) and self._idles < _IDLE:  # have the values read at this exit, to know them at the next
            self._idles += 1
            self._suspicious = True
        return found

    def after_step(self, optimizer: torch.optim.Optimizer, *, backwards: int = 0) -> Held:
        """All, when it is time for that or something was suspicious; else none."""
        self._sums = {}
        self._backwards = backwards
        held = self.leave(optimizer)
        if not self.is_shared:
            self.updates.note_frozen(optimizer, often=self._is_full())
        self._used = {key.parameter: seen for key, seen in held.items()}
        return held

    def _is_full(self) -> bool:
        return self.steps <= READ_FULLY or not self.steps % READ_ONE_OF

    def leave(self, optimizer: torch.optim.Optimizer) -> Held:
        """Note what a step, or a closure's call, leaves."""
        if self.is_shared:
            return {}
        full = self._suspicious or self._is_full()
        synchronize, self._suspicious = self._suspicious and self._looks <= _WARY, False
        self._sampled = set()
        if not full and self._cleared > READ_FULLY:
            self._left = None
            return {}
        with sys.modules["torch"]._C.DisableTorchFunction():
            self._left = {
                id(gradient): version_of(gradient)
                for parameter in parameters_of(optimizer)
                if (gradient := parameter.grad) is not None
            }
        if not full:
            return {}
        held = self._read(_with_gradients(optimizer, None), synchronize=synchronize)
        self._sampled = {key.parameter for key, seen in held.items() if seen.sample}
        return held

    def values(self, optimizer: torch.optim.Optimizer, keys: Iterable[HeldKey]) -> dict[HeldKey, Sample]:
        """A few values of the parameters, for some of the keys."""
        wanted = {key.parameter: key for key in itertools.islice(keys, SAMPLED) if key.optimizer == self.serial}
        with undisturbed():
            return {
                wanted[id(parameter)]: sample(parameter)
                for parameter in parameters_of(optimizer)
                if id(parameter) in wanted
            }

    def _some_of(self, optimizer: torch.optim.Optimizer) -> Iterator[torch.Tensor]:
        """A few parameters of each group, the next ones at the next step."""
        for group in optimizer.param_groups:
            parameters = group["params"]
            first = self.steps * _LOOKED_AT % (len(parameters) or 1)
            yield from parameters[first : first + _LOOKED_AT]

    def _read(
        self,
        found: list[tuple[torch.Tensor, torch.Tensor]],
        *,
        prefer: Iterable[int] = (),
        synchronize: bool | None = None,
    ) -> Held:
        """Evidence; values of at most some gradients, of the preferred parameters' first.

        Args:
            found: Parameters and their gradients.
            prefer: Ids of parameters.
            synchronize: Read accelerators' too; if not told, when the last exit could read any.
        """
        limit = SAMPLED if self._looks <= _WARY else _WARY_SAMPLED
        waits = bool(self._sampled) if synchronize is None else synchronize
        preferred = set(prefer)
        order = sorted(found, key=lambda pair: id(pair[0]) not in preferred)  # stable
        if limit == _WARY_SAMPLED:
            order = order[:limit]
        held: Held = {}
        with undisturbed():
            for index, (parameter, gradient) in enumerate(order):
                values = sample_gradient(gradient, synchronize=waits) if index < limit else ()
                if values is not None:
                    seen = Evidence(id(gradient), version_of(gradient), values)
                    held[HeldKey(self.serial, id(parameter))] = seen
        return held


class HeldGradients:
    """All optimizers that have stepped and are alive. Never a tensor.

    Attributes:
        making: Knows how modules and optimizers came into being; None while nobody does.
        backwards: How many outermost ``.backward()`` calls have begun.
        cleared: How many had, when something was cleared last.
        stepped: How many had, when a step ended last.
    """

    def __init__(self) -> None:
        self.backwards = 0
        self.cleared = 0
        self.stepped = 0
        self.making: MakingTap | None = None
        self._serials = itertools.count(1)
        self._optimizers: dict[int, HeldByOptimizer] = {}
        self._reserved: dict[int, tuple[weakref.ref[torch.optim.Optimizer], int]] = {}

    def serial_of(self, optimizer: torch.optim.Optimizer) -> int:
        """The optimizer's serial, also of one that is not watched yet."""
        known = self._optimizers.get(id(optimizer))
        if known is not None and known.reference() is optimizer:
            return known.serial
        reserved = self._reserved.get(id(optimizer))
        if reserved is None or reserved[0]() is not optimizer:
            if len(self._reserved) >= _RESERVED:
                self._reserved = {key: pair for key, pair in self._reserved.items() if pair[0]() is not None}
            reserved = self._reserved[id(optimizer)] = (weakref.ref(optimizer), next(self._serials))
        return reserved[1]

    def of(self, optimizer: torch.optim.Optimizer) -> HeldByOptimizer:
        """What is known of the optimizer; from now on it is watched."""
        known = self._optimizers.get(id(optimizer))
        if known is None or known.reference() is not optimizer:
            known = self._optimizers[id(optimizer)] = HeldByOptimizer(optimizer, self.serial_of(optimizer))
            self._find_shared(optimizer, known)
        elif known.thread != threading.get_ident():
            known.is_shared = True
        return known

    def before_backward(self) -> Held:
        """The suspects of every optimizer, as a backward begins."""
        self.backwards += 1
        held: Held = {}
        thread = threading.get_ident()
        for identity, known in list(self._optimizers.items()):
            if known.thread != thread or known.is_shared:
                continue
            optimizer = known.reference()
            if optimizer is None:
                del self._optimizers[identity]
            elif seen := known.before_backward(optimizer):
                held |= seen
        return held

    def after_backward(self, before: Held) -> Held:
        """The same again, once a backward is through."""
        held: Held = {}
        if before:
            for optimizer, known in self.alive():
                held |= known.after_backward(optimizer, before)
        return held

    def _find_shared(self, optimizer: torch.optim.Optimizer, known: HeldByOptimizer) -> None:
        """Whether optimizers of other threads hold some of the same parameters."""
        others = [pair for pair in self.alive() if pair[1].thread != known.thread]
        mine = {id(parameter) for parameter in parameters_of(optimizer)} if others else set[int]()
        for other, watched in others:
            if not mine.isdisjoint(map(id, parameters_of(other))):
                known.is_shared = watched.is_shared = True

    def alive(self) -> Iterator[tuple[torch.optim.Optimizer, HeldByOptimizer]]:
        """Optimizers, held while the caller looks at each."""
        for identity, known in list(self._optimizers.items()):
            optimizer = known.reference()
            if optimizer is None:
                del self._optimizers[identity]
            else:
                yield optimizer, known

    def named(self, serial: int) -> torch.optim.Optimizer | None:
        """The optimizer with this serial, while it lives."""
        return next((optimizer for optimizer, known in self.alive() if known.serial == serial), None)

    def readable(self) -> Iterator[torch.optim.Optimizer]:
        """Those whose gradients this thread may read."""
        thread = threading.get_ident()
        return (each for each, known in self.alive() if known.thread == thread and not known.is_shared)

    def may_read(self, optimizer: torch.optim.Optimizer) -> bool:
        """Whether this thread may read its gradients; one that never stepped is the caller's."""
        known = self._optimizers.get(id(optimizer))
        return known is None or (known.thread == threading.get_ident() and not known.is_shared)

    def evidence(self, wanted: Iterable[int]) -> dict[int, Evidence]:
        """Gradients, not zero, of a few of the parameters."""
        few = set(itertools.islice(wanted, _ASKED))
        seen: dict[int, Evidence] = {}
        for optimizer in self.readable():
            found = _with_gradients(optimizer, few - seen.keys())
            with undisturbed():
                for parameter, gradient in found:
                    values = sample_gradient(gradient)
                    if values:
                        seen[id(parameter)] = Evidence(id(gradient), version_of(gradient), values)
        return seen

    def values(self, wanted: Iterable[int]) -> dict[int, Sample]:
        """A few values of a few of the parameters."""
        few = set(itertools.islice(wanted, _ASKED))
        with undisturbed():
            return {
                id(parameter): sample(parameter)
                for optimizer in self.readable()
                for parameter in parameters_of(optimizer)
                if id(parameter) in few
            }

    def parameters(self) -> set[int]:
        """Ids of all parameters that optimizers hold."""
        return {id(parameter) for optimizer, _ in self.alive() for parameter in parameters_of(optimizer)}

    def gradients(self, parameters: Iterable[int]) -> int:
        """How many of some parameters have a gradient; all of those that another thread may add to."""
        wanted = set(parameters)
        unread: set[int] = set()
        found: set[int] = set()
        for optimizer, known in self.alive():
            mine = {id(parameter) for parameter in parameters_of(optimizer)} & wanted
            if known.is_shared or known.thread != threading.get_ident():
                unread |= mine
            else:
                found |= {id(parameter) for parameter, _ in _with_gradients(optimizer, mine)}
        return len(found | unread)

    def holders_of(self, parameter: int) -> set[int]:
        """Serials of the optimizers that hold a parameter, by its ``id``."""
        return {known.serial for optimizer, known in self.alive() if parameter in map(id, parameters_of(optimizer))}

    def any_gradient(self, serial: int) -> bool | None:
        """Whether a parameter of an optimizer has a gradient; None where none can have one, or it may not be read."""
        for optimizer, known in self.alive():
            if known.serial == serial and not known.is_shared and known.thread == threading.get_ident():
                with sys.modules["torch"]._C.DisableTorchFunction():
                    trained = [each for each in parameters_of(optimizer) if each.requires_grad]
                    return any(each.grad is not None for each in trained) if trained else None
        return None

    def is_frozen(self, serial: int) -> bool:
        """Whether an optimizer holds parameters and none of them requires grad; no while it may not be read."""
        for optimizer, known in self.alive():
            if known.serial == serial and not known.is_shared and known.thread == threading.get_ident():
                with sys.modules["torch"]._C.DisableTorchFunction():
                    held = list(parameters_of(optimizer))
                    return bool(held) and not any(each.requires_grad for each in held)
        return False

    def norm(self, parameters: Iterable[int], *, byte_budget: int = 1 << 24) -> float | None:
        """Euclidean norm of some parameters' gradients together; None past the budget or off the CPU."""
        from ..capture.statistics import StatisticsTable  # noqa: PLC0415 (only when about to speak)

        wanted = set(parameters)
        table = StatisticsTable(byte_budget=byte_budget)
        for optimizer, _ in self.alive():
            for parameter, gradient in _with_gradients(optimizer, wanted):
                wanted.discard(id(parameter))
                if table.add(gradient) < 0:
                    return None
        norms = [norm for norm in table.columns().norm if not isinstance(norm, str)]
        return math.hypot(*norms) if norms else None


def parameters_of(optimizer: torch.optim.Optimizer) -> Iterator[torch.Tensor]:
    """The tensors that an optimizer holds; none for one that is no optimizer but in name."""
    return itertools.chain.from_iterable(group["params"] for group in getattr(optimizer, "param_groups", ()))


def _with_gradients(
    optimizer: torch.optim.Optimizer, wanted: Iterable[int] | None
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Parameters (all, or some by id) with their gradients."""
    with sys.modules["torch"]._C.DisableTorchFunction():
        return [
            (parameter, gradient)
            for parameter in parameters_of(optimizer)
            if (wanted is None or id(parameter) in wanted) and (gradient := parameter.grad) is not None
        ]
