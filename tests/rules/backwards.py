"""Calls into the engine, built by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tapelens.events import BackwardBegan, BackwardEnded, BackwardRaised, StepBegan, StepEnded
from tapelens.wire.sites import Site


def site(line: int) -> Site:
    return Site(path="/home/me/train.py", line=line, function="train", in_library=False)


def began(call: int, line: int = 10, **fields: Any) -> BackwardBegan:
    """A ``.backward()`` whose whole graph was looked at."""
    plain = BackwardBegan(
        call=call,
        inside=None,
        step=None,
        site=site(line),
        innermost=site(line),
        accumulates=True,
        retain_graph=False,
        create_graph=False,
        retains_literally=False,
        held={},
        walked=True,
    )
    return replace(plain, **fields)


def retained(call: int, line: int = 10, **fields: Any) -> BackwardBegan:
    """As ``began``, with a literal ``retain_graph=True``."""
    return began(call, line, retain_graph=True, retains_literally=True, **fields)


def created(call: int, line: int = 10, **fields: Any) -> BackwardBegan:
    """As ``began``, with ``create_graph=True``."""
    return began(call, line, retain_graph=True, create_graph=True, **fields)


def ended(call: int, line: int = 10, **fields: Any) -> BackwardEnded:
    return BackwardEnded(call=call, step=None, site=site(line), held={}, **fields)


def raised(call: int, line: int = 10, **fields: Any) -> BackwardRaised:
    plain = BackwardRaised(
        call=call,
        step=None,
        site=site(line),
        message="no",
        expression="loss",
        freed=False,
        carrier=None,
        freed_by=None,
    )
    return replace(plain, **fields)


def step_begins(optimizer: int = 1, line: int = 11, **fields: Any) -> StepBegan:
    plain = StepBegan(step=99, inside=None, optimizer=optimizer, ordinal=1, site=site(line), has_closure=False, held={})
    return replace(plain, **fields)


def step_ended(optimizer: int = 1, line: int = 11) -> StepEnded:
    return StepEnded(step=99, optimizer=optimizer, ordinal=1, site=site(line), held={})
