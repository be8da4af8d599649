"""Hand-built events that read as words, and the loop over a twin that judges them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rules.backwards import began, ended, site
from tapelens.events import BackwardBegan, BackwardEnded, Event, Evidence, Held, HeldKey, Leaf, StepBegan, StepEnded
from tapelens.rules.model import RuntimeTwin
from tapelens.wire.findings import Finding

BACKWARD_LINE, STEP_LINE = 10, 11
KEY = HeldKey(1, 1001)


def detect(twin: RuntimeTwin, events: Iterable[Event]) -> list[Finding]:
    return [finding for event in events for finding in twin.see(event)]


@dataclass
class Loop:
    """One optimizer's program: each method is a line of it, and adds what a tap would tell.

    A gradient is its object, its version and one value. The taps tell of what is suspicious only;
    telling of everything must not change the judgement.
    """

    optimizer: int = 1
    gradients: dict[int, Evidence] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    steps: int = 0
    _serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _step: int | None = None

    def backward(self, *parameters: int, adds: float = 1.0, line: int = BACKWARD_LINE) -> Loop:
        call = next(self._serials)
        self.events.append(began(call, line, step=self._step, held=self._held(), walked=False))
        for parameter in parameters or (1001,):
            old = self.gradients.get(parameter)
            if old is None:
                self.gradients[parameter] = Evidence(9000 + parameter, 0, (adds,))
            else:
                self.gradients[parameter] = Evidence(old.identity, old.version + 1, (old.sample[0] + adds,))
        self.events.append(BackwardEnded(call=call, step=self._step, site=site(line), held=self._held()))
        return self

    def step(self, line: int = STEP_LINE) -> Loop:
        serial = next(self._serials)
        self.steps += 1
        self.events += [
            StepBegan(
                step=serial,
                inside=None,
                optimizer=self.optimizer,
                ordinal=self.steps,
                site=site(line),
                has_closure=False,
                held=self._held(),
            ),
            StepEnded(step=serial, optimizer=self.optimizer, ordinal=self.steps, site=site(line), held=self._held()),
        ]
        return self

    def clear(self) -> Loop:
        self.gradients.clear()
        return self

    def write(self, value: float = 0.5) -> Loop:
        """Something wrote every gradient in place."""
        self.gradients = {
            parameter: Evidence(old.identity, old.version + 1, (value,)) for parameter, old in self.gradients.items()
        }
        return self

    def write_unnoticed(self, value: float) -> Loop:
        """As ``write``, through ``.data``: no version bump."""
        self.gradients = {parameter: replace_sample(old, value) for parameter, old in self.gradients.items()}
        return self

    def _held(self) -> Held:
        return {
            HeldKey(self.optimizer, parameter): seen for parameter, seen in self.gradients.items() if any(seen.sample)
        }


def replace_sample(old: Evidence, value: float) -> Evidence:
    return old._replace(sample=(value,))


def leaf(gradient: tuple[int, float] | None, value: float) -> Leaf:
    """A leaf whose gradient has this version and value."""
    return Leaf(None if gradient is None else Evidence(77, gradient[0], (gradient[1],)), (value,))


def hand_written_backward(call: int, before: Leaf, after: Leaf) -> list[Event]:
    return [
        began(call, BACKWARD_LINE, leaves={5: before}, walked=False),
        ended(call, BACKWARD_LINE, leaves={5: after}),
    ]


def unread(event: Event) -> Event:
    """The same event from a tap that read no values."""
    if isinstance(event, (BackwardBegan, BackwardEnded, StepBegan, StepEnded)):
        return replace(event, held={key: seen._replace(sample=()) for key, seen in event.held.items()})
    return event
