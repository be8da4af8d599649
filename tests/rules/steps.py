"""Events of steps and of gradients between backward and step, built by hand; each method is a line of a program."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rules.events import BACKWARD_LINE, STEP_LINE, site
from tapelens.events import (
    BackwardBegan,
    BackwardEnded,
    Event,
    Evidence,
    GradsCleared,
    GradsClipped,
    Look,
    ProgramEnded,
    Sample,
    ScalerScaled,
    ScalerStepped,
    ScalerUnscaled,
    StepBegan,
    StepEnded,
)

CLEAR_LINE, CLIP_LINE, SCALE_LINE, CLOSURE_LINE = 12, 13, 14, 15
WEIGHT = 1001


class Now(Look):
    """Gradients and values as they are at the event."""

    def __init__(self, gradients: dict[int, Evidence], values: dict[int, Sample], held: dict[int, frozenset[int]]):
        self._gradients, self._values, self._held = dict(gradients), dict(values), dict(held)

    def held_by(self, optimizer: int) -> frozenset[int]:
        return self._held.get(optimizer, frozenset({WEIGHT}))

    def evidence(self, parameters: Iterable[int]) -> dict[int, Evidence]:
        return {key: self._gradients[key] for key in parameters if key in self._gradients}

    def values(self, parameters: Iterable[int]) -> dict[int, Sample]:
        return {key: self._values[key] for key in parameters if key in self._values}


@dataclass
class Program:
    """Parameters with gradients (object, version, one value) and values, and what happens to them."""

    gradients: dict[int, Evidence] = field(default_factory=dict)
    values: dict[int, Sample] = field(default_factory=lambda: {WEIGHT: (1.0,)})
    held: dict[int, frozenset[int]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    ordinals: dict[int, int] = field(default_factory=dict)
    _serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _step: int | None = None

    @property
    def look(self) -> Now:
        return Now(self.gradients, self.values, self.held)

    def backward(self, *, line: int = BACKWARD_LINE, reaches: tuple[int, ...] = (WEIGHT,), **fields: Any) -> Program:
        call = next(self._serials)
        began: dict[str, Any] = {
            "retain_graph": False,
            "create_graph": False,
            "retains_literally": False,
            "held": {},
            "walked": True,
            "reaches": frozenset(reaches),
            "filled": frozenset(self.gradients),
            "innermost": site(line),
            "accumulates": True,
        }
        self.events.append(
            BackwardBegan(call=call, inside=None, step=self._step, site=site(line), look=self.look, **(began | fields))
        )
        for parameter in reaches:
            self.gradients[parameter] = Evidence(9000 + call, 0, (100.0 + call,))
        self.events.append(BackwardEnded(call=call, step=self._step, site=site(line), held={}, look=self.look))
        return self

    def clear(self, *, line: int = CLEAR_LINE, holders: tuple[int, ...] = (1,), **fields: Any) -> Program:
        told: dict[str, Any] = {
            "read": True,
            "cleared": frozenset(self.gradients),
            "holders": frozenset(holders),
            "look": self.look,
        }
        event = GradsCleared(
            by="optimizer",
            optimizer=1,
            step=self._step,
            site=site(line),
            innermost=site(line),
            **(told | fields),
        )
        self.gradients.clear()
        self.events.append(event)
        return self

    def write(self) -> Program:
        """Somebody puts gradients of his own."""
        self.gradients = {key: Evidence(seen.identity + 1, 0, (0.5,)) for key, seen in self.gradients.items()}
        return self

    def move(self) -> Program:
        """The parameters move."""
        self.values = {key: (values[0] + 1.0,) for key, values in self.values.items()}
        return self

    def step(self, *, optimizer: int = 1, line: int = STEP_LINE, inside: int | None = None, **fields: Any) -> Program:
        self.begin(optimizer=optimizer, line=line, inside=inside, **fields)
        return self.end(
            optimizer=optimizer, line=line, **{key: fields[key] for key in ("moved", "frozen") if key in fields}
        )

    def begin(self, *, optimizer: int = 1, line: int = STEP_LINE, inside: int | None = None, **fields: Any) -> Program:
        self._step = next(self._serials)
        self.ordinals[optimizer] = self.ordinals.get(optimizer, 0) + 1
        given = {key: value for key, value in fields.items() if key not in {"moved", "frozen"}}
        found: dict[str, Any] = {
            "gradients": "some" if self.gradients else "none",
            "had_gradients": bool(self.gradients),
            "has_closure": False,
        }
        self.events.append(
            StepBegan(
                step=self._step,
                inside=inside,
                optimizer=optimizer,
                ordinal=self.ordinals[optimizer],
                site=site(line),
                held={},
                look=self.look,
                **(found | given),
            )
        )
        return self

    def end(self, *, optimizer: int = 1, line: int = STEP_LINE, **fields: Any) -> Program:
        began = next(each for each in reversed(self.events) if isinstance(each, StepBegan) and each.step == self._step)
        self._step = began.inside
        self.move()
        self.events.append(
            StepEnded(
                step=began.step,
                optimizer=optimizer,
                ordinal=began.ordinal,
                site=site(line),
                held={},
                look=self.look,
                **fields,
            )
        )
        return self

    @property
    def last_call(self) -> int:
        """The last backward's."""
        return next(each.call for each in reversed(self.events) if isinstance(each, BackwardEnded))

    @property
    def running(self) -> int | None:
        return self._step

    def clip(self, limit: float = 1.0, **fields: Any) -> Program:
        before = dict(self.gradients)
        self.gradients = {
            key: Evidence(seen.identity, seen.version + 1, (limit,)) for key, seen in self.gradients.items()
        }
        given: dict[str, Any] = {"written": "literal", "norm": 100.0, "parameters": frozenset(before)}
        self.events.append(
            GradsClipped(
                by="clip_grad_norm_",
                limit=limit,
                before=before,
                site=site(CLIP_LINE),
                innermost=site(CLIP_LINE),
                look=self.look,
                **(given | fields),
            )
        )
        return self

    def scale(self, scale: float | None = 65536.0, *, roots: tuple[int, ...] = (5,)) -> Program:
        self.events.append(ScalerScaled(scaler=1, scale=scale, roots=roots, site=site(SCALE_LINE)))
        return self

    def unscale(self, *parameters: int) -> Program:
        wanted = frozenset(parameters or (WEIGHT,))
        self.events.append(ScalerUnscaled(scaler=1, optimizer=1, parameters=wanted, site=site(SCALE_LINE)))
        return self

    def scaler_step(self, *parameters: int) -> Program:
        wanted = frozenset(parameters or (WEIGHT,))
        self.events.append(ScalerStepped(scaler=1, optimizer=1, parameters=wanted, site=site(STEP_LINE)))
        return self.step(scaler=1)

    def finish(self, *, raised: bool = False) -> Program:
        self.events.append(ProgramEnded(raised=raised))
        return self
