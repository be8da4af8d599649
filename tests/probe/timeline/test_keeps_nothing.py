"""Asking the timeline leaves no frame behind, and nothing that a frame holds."""

from __future__ import annotations

import gc
import weakref

import torch

from tapelens.probe.timeline import Timeline


class Held:
    """Dies with the frame that holds it."""


def test_what_the_asking_frame_holds_dies_without_the_collector():
    timeline = Timeline("auto", report_fault=lambda where, what: None)
    timeline.install()

    def ask() -> weakref.ref[Held]:
        held = Held()
        x = torch.ones(2, requires_grad=True)
        node = (x * 2).grad_fn
        assert node is not None
        timeline.origins([node._sequence_nr()])
        return weakref.ref(held)

    gc.collect()
    gc.disable()
    try:
        assert ask()() is None
    finally:
        gc.enable()
        timeline.remove()
