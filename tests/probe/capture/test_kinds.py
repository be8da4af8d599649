"""Every kind of tensor and graph is described or honestly not; looking at it moves and keeps nothing."""

from __future__ import annotations

import pytest
import torch

from probe.capture import kinds
from probe.capture.observing import observe, unobserved

KINDS = kinds.load()
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
def test_a_capture_beside_it_is_heard_by_nobody_and_moves_nothing(kind: kinds.Kind):
    seen, alone = observe(kind), unobserved(kind)
    assert (seen.heard, seen.moved, seen.changed) == ([], [], [])
    assert (seen.random, seen.outlived) == (alone.random, alone.outlived)


@every_kind
def test_what_is_shown_is_what_torch_says(kind: kinds.Kind):
    seen = observe(kind)
    row = seen.stop.tensors.get(kind.name)
    if row is None:
        assert kind.label == "A graph that only a GradientEdge holds"
        return
    said = {fact: getattr(row, fact) for fact in seen.torchs}
    unread = {fact for fact, value in said.items() if value is None and seen.torchs[fact] is not None}
    assert {fact: value for fact, value in said.items() if fact not in unread} == {
        fact: value for fact, value in seen.torchs.items() if fact not in unread
    }
    assert row.not_shown is not None or not unread


@every_kind
def test_nothing_is_missing_without_a_reason(kind: kinds.Kind):
    line = kinds.row_of(kind, observe(kind).stop)
    missing = line.rstrip("| ").rpartition(" | ")[2]
    assert not missing.endswith(": "), line


@pytest.mark.skipif(not torch.__version__.startswith("2.13."), reason="the page tells of torch 2.13")
def test_the_page_of_limits_is_fresh():
    page = kinds.PAGE.read_text(encoding="utf-8")
    made = kinds.tables({name: observe(kind).stop for name, kind in KINDS.items()})
    assert kinds.replaced(page, made) == page, "run: python tests/probe/capture/kinds.py --write"
