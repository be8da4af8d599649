"""The tap on modules' calls: which modules ran in one, in which mode, and which children did not."""

from __future__ import annotations

import atexit
import itertools
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...events import BackwardBegan, Event, ForwardRan, ForwardsWatched, ModeSet, ModuleRan, OptimizerMade, StepEnded
from ..capture.guards import undisturbed
from ..capture.inside import own_dict
from ..capture.parts import parts_of
from ..capture.reading import read_tensor
from ..guard import Report, guard
from ..sites import place_of
from ..weaving import Enter, Leave, Weave, leave_nothing
from .duty import Duty
from .hearing import told_first
from .held import HeldGradients, parameters_of
from .idle import find_idle
from .kept import kept_bytes
from .known import KnownModules, own_parameters
from .names import LookInFrames

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_ENTRY = "_tapelens_output"
_OUTPUTS = 16  # tensors of an output that are looked at
_DEEP = 2
_FOLLOWED = 256  # calls whose graph has not died
_PASSED_ON = (RecursionError, MemoryError)  # the program's own, and about to be told to it


class _Run:
    """The outermost call that runs on a thread. It holds modules no longer than the call."""

    __slots__ = ("depth", "leave", "partial", "ran", "turn")

    def __init__(self) -> None:
        self.depth = 0
        self.turn = 0
        self.partial = False
        self.ran: list[tuple[Any, bool]] = []
        self.leave: Leave | None = None


class _Local(threading.local):
    """Each thread's own run."""

    def __init__(self) -> None:
        self.run = _Run()


class _Output:
    """Lies in the metadata of the nodes of one call's output, and dies with the last of them."""

    __slots__ = ("__weakref__",)


class LookAtForward(LookInFrames):
    """As any look, and at the graph of the output.

    Attributes:
        roots: Nodes of the output's tensors, looked for in evaluation mode.
    """

    def __init__(self, frame: FrameType | None, held: HeldGradients, roots: list[Node]) -> None:
        super().__init__(frame, held)
        self.roots = roots

    def close(self) -> None:
        """Let go of the graph, too."""
        super().close()
        self.roots = []

    def kept_bytes(self) -> int | None:
        """What the graph keeps for backward, parameters apart."""
        return kept_bytes(self.roots)


class ForwardTap:
    """Tells of outermost calls, while it is on duty."""

    def __init__(
        self, emit: Callable[[Event], None], report: Report, *, calls: Weave, held: HeldGradients, modules: KnownModules
    ) -> None:
        self._emit = emit
        self._held = held
        self._modules = modules
        self._calls = calls
        self._guard = guard("calls of modules", report)
        self._duty = Duty()
        self._turn = 0
        self._listens = False
        self._local = _Local()
        self._serials = itertools.count(1)
        self._backwards = 0
        self._outputs: dict[int, tuple[weakref.ref[_Output], int]] = {}
        self._died: deque[int] = deque(maxlen=_FOLLOWED)
        self._held_by: dict[int, tuple[int, ...]] | None = None
        self._sizes: list[int] = []
        self._generation = 0
        self._finish = self._guard(self._tell)
        self._enter: Enter | None = None
        self._guard.quiet = True  # until it is put in

    def install(self) -> None:
        """Begin to watch."""
        self._guard.quiet = False
        self._duty = Duty()
        atexit.register(self.remove)  # what runs while the interpreter is taken down finds nothing of ours
        self._guard(self._follow_duty)()

    def remove(self) -> None:
        """Watch no more."""
        atexit.unregister(self.remove)
        self._guard.quiet = True
        self._leave_off()
        self._outputs = {}

    def listening(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """``emit``, with this tap told first: what is watched from a step on is told before that step."""
        return told_first(emit, [BackwardBegan, StepEnded, OptimizerMade, ModeSet], self._guard(self._hear))

    def _hear(self, event: Event) -> None:
        if isinstance(event, BackwardBegan):
            self._backwards += 1
            return
        if isinstance(event, OptimizerMade):
            self._held_by = None
        self._duty.hear(event)
        self._follow_duty()

    def _follow_duty(self) -> None:
        if self._duty.is_on == self._listens:
            return
        self._turn += 1
        if self._duty.is_on:
            self._enter = self._enter or self._entering()
            self._listens = self._calls.listen(self._enter)
            self._guard.quiet = not self._listens  # not to be had: ask no more
        else:
            self._leave_off()
        self._emit(ForwardsWatched(on=self._listens))

    def _leave_off(self) -> None:
        self._listens = False
        if self._enter is not None:
            self._calls.leave_off(self._enter)

    # -- a call ------------------------------------------------------------------------------------------

    def _entering(self) -> Callable[[Any], Leave]:
        local, leaving, fail = self._local, self._leaving, self._fail
        is_grad_enabled: Callable[[], bool] = sys.modules["torch"]._C.is_grad_enabled

        def enter(module: Any) -> Leave:  # noqa: ANN401 (an nn.Module)
            try:
                run = local.run
                if not run.depth:
                    run.turn, run.partial = self._turn, _runs_in_call(sys._getframe(1))
                leave = run.leave
                if leave is None:
                    leave = run.leave = leaving(run)
                run.ran.append((module, is_grad_enabled()))
                run.depth += 1
            except Exception as fault:
                fail(fault)
                return leave_nothing
            return leave

        return enter

    def _leaving(self, run: _Run) -> Leave:
        finish = self._finish

        def leave(output: object) -> None:
            run.depth -= 1
            if not run.depth:
                ran, run.ran = run.ran, []
                if run.turn == self._turn and not run.partial:
                    finish(ran, output, sys._getframe(1))

        return leave

    def _fail(self, fault: Exception) -> None:
        if not isinstance(fault, _PASSED_ON):
            self._guard(_raise)(fault)
            self._leave_off()

    def _tell(self, calls: list[tuple[Any, bool]], output: object, frame: FrameType) -> None:
        ran: dict[int, Any] = {}
        with_grad: dict[int, bool] = {}
        for module, grad in calls:
            identity = id(module)
            ran[identity] = module
            with_grad[identity] = grad or with_grad.get(identity, False)
        held_by = self._holders()
        told = tuple(self._module_ran(module, held_by, with_grad=with_grad[key]) for key, module in ran.items())
        outermost = told[0]
        with_graph = calls[0][1]
        looks_idle = outermost.training and with_graph and output is not ...
        roots = [] if outermost.training or output is ... else list(_roots(output))
        place = place_of(frame.f_back or frame)
        call = next(self._serials)
        unused = self._unused()
        if roots:
            self._follow(call, roots)
        with LookAtForward(frame.f_back, self._held, roots) as look:
            event = ForwardRan(
                call=call,
                site=place.user,
                innermost=place.innermost,
                module=outermost.module,
                training=outermost.training,
                with_grad=with_graph,
                ran=told,
                idle=find_idle(ran, held_by, self._modules) if looks_idle else (),
                builds=bool(roots),
                unused=unused,
                look=look,
            )
            self._emit(event)
        self._hear(event)

    def _module_ran(self, module: Any, held_by: dict[int, tuple[int, ...]], *, with_grad: bool) -> ModuleRan:  # noqa: ANN401
        known = self._modules.of(module)
        own = own_dict(module) or {}
        training = own.get("training", True) is True
        told = known.told
        if told is None or known.generation != self._generation:
            holders = {serial for _, held in own_parameters(module) for serial in held_by.get(id(held), ())}
            told = ModuleRan(
                module=known.serial,
                kind=type(module).__name__,
                training=training,
                with_grad=with_grad,
                depends_on_mode=_depends_on_mode(module, own),
                held_by=tuple(sorted(holders)),
            )
        elif told.training is not training or told.with_grad is not with_grad:
            told = told._replace(training=training, with_grad=with_grad)
        known.told, known.generation = told, self._generation
        return told

    def _holders(self) -> dict[int, tuple[int, ...]]:
        """Serials of the optimizers that hold each parameter; looked up again when their groups have grown."""
        making = self._held.making
        optimizers = [] if making is None else list(making.optimizers())
        sizes = [len(group["params"]) for optimizer in optimizers for group in optimizer.param_groups]
        if self._held_by is None or sizes != self._sizes:
            found: dict[int, tuple[int, ...]] = {}
            for optimizer in optimizers:
                serial = self._held.serial_of(optimizer)
                for parameter in parameters_of(optimizer):
                    found[id(parameter)] = (*found.get(id(parameter), ()), serial)
            self._held_by, self._sizes = found, sizes
            self._generation += 1
        return self._held_by

    # -- graphs of evaluation ------------------------------------------------------------------------------

    def _follow(self, call: int, roots: list[Node]) -> None:
        """Learn when the output's graph has died, and whether any backward had begun by then."""
        outputs, died, begun = self._outputs, self._died, self._backwards

        def on_death(_reference: object) -> None:
            outputs.pop(call, None)
            if self._backwards == begun:
                died.append(call)

        sentinel = _Output()
        for root in roots:
            metadata: Any = root.metadata  # declared as a method, and is none
            if _ENTRY in metadata:  # an earlier call's output, passed through
                return
            metadata[_ENTRY] = sentinel
        while len(outputs) >= _FOLLOWED:
            outputs.pop(next(iter(outputs)), None)
        outputs[call] = weakref.ref(sentinel, on_death), begun

    def _unused(self) -> tuple[int, ...]:
        """Calls whose graph died unused since it was last asked."""
        found: list[int] = []
        while self._died:
            found.append(self._died.popleft())
        return tuple(found)


def _roots(output: object) -> Iterator[Node]:
    """Nodes of the tensors in an output."""
    with undisturbed():
        for tensor in itertools.islice(_tensors(output, _DEEP), _OUTPUTS):
            node = read_tensor(tensor).node
            if node is not None:
                yield node


def _tensors(value: Any, deep: int) -> Iterator[torch.Tensor]:  # noqa: ANN401 (whatever a module returns)
    if sys.modules["torch"].Tensor in type(value).__mro__:
        yield value
    elif deep:
        parts = parts_of(value, lambda _key: None)
        for _, item in itertools.islice(() if parts is None else parts.named, _OUTPUTS):
            yield from _tensors(item, deep - 1)


def _depends_on_mode(module: object, own: dict[str, Any]) -> bool:
    """Dropout that drops, or a norm by the batch that keeps statistics of it."""
    nn = sys.modules["torch"].nn.modules
    mro = type(module).__mro__
    if nn.batchnorm._BatchNorm in mro:
        return bool(own.get("track_running_stats"))
    if nn.dropout._DropoutNd in mro:
        return _is_above_zero(own.get("p"))
    if nn.rnn.RNNBase in mro or nn.activation.MultiheadAttention in mro:
        return _is_above_zero(own.get("dropout"))
    return False


def _is_above_zero(value: object) -> bool:
    return type(value) in (int, float) and value > 0  # pyright: ignore[reportOperatorIssue]


def _runs_in_call(frame: FrameType) -> bool:
    """A module's call runs around this one that was not seen to begin."""
    name = frame.f_code.co_name
    file = frame.f_code.co_filename
    outer = frame.f_back
    while outer is not None:
        if outer.f_code.co_name == name and outer.f_code.co_filename == file:
            return True
        outer = outer.f_back
    return False


def _raise(fault: Exception) -> None:
    raise fault
