"""Hand-built events of modules' calls: one optimizer's program, each method a line of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from rules.backwards import began
from rules.events import BACKWARD_LINE, STEP_LINE, site
from tapelens.events import (
    Event,
    ForwardRan,
    ForwardsWatched,
    Idle,
    Look,
    ModeSet,
    ModuleRan,
    OptimizerMade,
    StepBegan,
    StepEnded,
)

FORWARD_LINE, EVAL_LINE, LAYER_LINE = 9, 20, 3
NET, LAYER, DROPOUT = 1, 2, 3


def idle(module: int = 7, *, is_named: bool = False, held_by: int = 1) -> Idle:
    return Idle(module, "second", "Linear", "Net", site(LAYER_LINE), (held_by,), (71, 72), is_named)


@dataclass
class Calls:
    """A net with a dropout, held by one optimizer, watched from the beginning."""

    optimizer: int = 1
    look: Look = field(default_factory=Look)
    events: list[Event] = field(default_factory=list)
    _serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _steps: int = 0

    def __post_init__(self) -> None:
        made = OptimizerMade(
            optimizer=self.optimizer, kind="SGD", site=site(5), innermost=site(5), parameters=(), look=self.look
        )
        self.events += [ForwardsWatched(on=True), made]

    def forward(
        self,
        *,
        training: bool = True,
        dropout: bool | None = None,
        with_grad: bool = True,
        idle: tuple[Idle, ...] = (),
        also: tuple[int, ...] = (),
    ) -> Calls:
        """A call of the net; ``dropout`` says its mode where that is another, ``also`` what else ran."""
        ran = [
            ModuleRan(NET, "Net", training, with_grad, False, ()),
            ModuleRan(LAYER, "Linear", training, with_grad, False, (self.optimizer,)),
            ModuleRan(DROPOUT, "Dropout", training if dropout is None else dropout, with_grad, True, ()),
            *(ModuleRan(module, "Linear", training, with_grad, False, ()) for module in also),
        ]
        self.events.append(
            ForwardRan(
                call=next(self._serials),
                site=site(FORWARD_LINE),
                innermost=site(FORWARD_LINE),
                module=NET,
                training=training,
                with_grad=with_grad,
                ran=tuple(ran),
                idle=idle,
                look=self.look,
            )
        )
        return self

    def backward(self) -> Calls:
        self.events.append(began(next(self._serials), BACKWARD_LINE, look=self.look, walked=False))
        return self

    def step(self) -> Calls:
        self._steps += 1
        serial = next(self._serials)
        self.events += [
            StepBegan(
                step=serial,
                inside=None,
                optimizer=self.optimizer,
                ordinal=self._steps,
                site=site(STEP_LINE),
                has_closure=False,
                held={},
                look=self.look,
            ),
            StepEnded(step=serial, optimizer=self.optimizer, ordinal=self._steps, site=site(STEP_LINE), held={}),
        ]
        return self

    def evaluate(self, module: int = NET) -> Calls:
        self.events.append(ModeSet(module=module, training=False, site=site(EVAL_LINE)))
        return self

    def watched(self, *, on: bool) -> Calls:
        self.events.append(ForwardsWatched(on=on))
        return self
