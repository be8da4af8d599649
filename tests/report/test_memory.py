"""Memory in words, and as JSON."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from report.tapes import HERE, NOTHING_KEPT, Tape, seed
from report.test_text import line_of, text_of
from tapelens.report.json import stop_object
from tapelens.report.memory import keeper_sentences, memory_line
from tapelens.store.sessions import StopSettled
from tapelens.wire.memory import DeviceMemory, Keeper, KeptColumns

MIB = 1024 * 1024

LOSSES = Keeper(
    path="losses",
    first="losses[0]",
    last="losses[311]",
    kind="container",
    function="<module>",
    tensors=312,
    steps=312,
    node=1,
    nodes=2184,
    size_bytes=40 * MIB,
    at_least=False,
)
SINGLE = replace(LOSSES, path="cache", first="cache", last="cache", kind="frame", tensors=1, steps=1, nodes=6)


def heavy() -> Tape:
    """The seed, as if its two operations kept much."""
    tape = seed()
    tape.memory = replace(
        NOTHING_KEPT,
        parameters=2 * MIB,
        gradients=2 * MIB,
        kept=12 * MIB,
        kept_by=KeptColumns(
            site=(tape.site(12, "Block.forward"), tape.site(3)),
            module=(tape.string("model.layers[0]"), -1),
            nodes=(4, 1),
            storages=(3, 1),
            size_bytes=(10 * MIB, 2 * MIB),
        ),
        keepers=(LOSSES,),
    )
    return tape


def said(**changes: Any) -> str:
    tape = seed()
    tape.memory = replace(NOTHING_KEPT, keepers=(replace(LOSSES, **changes),))
    (sentence,) = keeper_sentences(tape.snapshot())
    return f"{sentence.text} {sentence.advice}"


def test_sums_are_one_line():
    assert (
        memory_line(heavy().memory)
        == "12.0 MiB kept for backward, beside 2.0 MiB of parameters and 2.0 MiB of gradients"
    )
    unread = replace(NOTHING_KEPT, packed=3, not_shown=1)
    told = "0 B kept for backward (and 3 saved tensors that hooks packed and 1 saved tensor whose bytes are not shown)"
    assert memory_line(unread) == told


def test_a_list_of_losses_is_told_with_what_to_store_instead():
    assert said() == (
        "losses keeps the graphs of 312 tensors from earlier steps alive (losses[0] … losses[311]): "
        "2,184 nodes and 40.0 MiB. Store .item() or .detach() of what is only looked at later."
    )


def test_what_was_cut_is_said_to_be_more():
    assert "(losses[0] … losses[311]): at least 2,184 nodes." in said(at_least=True, size_bytes=0)


def test_a_running_sum_is_told_by_the_steps_it_reaches_through():
    assert said(path="total", first="total", last="total", kind="frame", tensors=1, size_bytes=0) == (
        "total reaches back through 312 earlier steps and keeps their graphs alive: "
        "2,184 nodes, with no buffers in them. Add .item() to a sum, or .detach() what is carried from step to step."
    )


@pytest.mark.parametrize(
    ("kind", "function", "begins"),
    [
        ("frame", "<module>", "cache keeps a graph of an earlier step alive: 6 nodes and 40.0 MiB."),
        ("frame", "train", "cache (in train) keeps a graph"),
        ("global", "helpers", "cache (in helpers) keeps a graph"),
        ("global", "__main__", "cache keeps a graph"),
        ("closure", "make.<locals>.step", "cache, in the closure of make.<locals>.step, keeps a graph"),
        ("generator", "<module>", "cache, a paused generator, keeps a graph"),
        ("exception", "<module>", "The traceback of cache keeps a graph"),
    ],
)
def test_where_the_name_lies_is_said(kind: Any, function: str, begins: str):
    tape = seed()
    tape.memory = replace(NOTHING_KEPT, keepers=(replace(SINGLE, kind=kind, function=function),))
    (sentence,) = keeper_sentences(tape.snapshot(site=HERE))
    assert sentence.text.startswith(begins)
    assert sentence.advice


def test_the_terminal_tells_sums_lines_and_keepers():
    text = text_of(heavy(), HERE)
    assert "memory: 12.0 MiB kept for backward" in text
    assert line_of(text, "line 12") == "line 12 model.layers[0] 4 10.0 MiB"
    assert line_of(text, "line 3") == "line 3 1 2.0 MiB"
    assert "losses keeps the graphs of 312 tensors" in text


def test_an_accelerator_speaks_for_itself():
    tape = heavy()
    device = DeviceMemory(device="cuda:0", allocated=300 * MIB, reserved=512 * MIB, peak=400 * MIB)
    tape.memory = replace(tape.memory, devices=(device,))
    assert "cuda:0: 300.0 MiB allocated, at most 400.0 MiB so far, 512.0 MiB reserved" in text_of(tape, HERE)


def test_a_small_program_is_not_told_of_its_bytes():
    assert "memory:" not in text_of(seed(), HERE)


def test_json_holds_bytes_by_line_and_keepers(tmp_path: Path):
    snapshot = heavy().snapshot()
    stop = StopSettled(
        session="s", reason="breakpoint", text="", thread=1, path=str(tmp_path), line=4, function="f", snapshot=snapshot
    )
    memory = stop_object(stop, (), hit=1)["memory"]
    assert (memory["kept"], memory["parameters"], memory["buffers"]) == (12 * MIB, 2 * MIB, 0)
    assert memory["kept_by"][0] == {
        "path": HERE.path,
        "line": 12,
        "function": "Block.forward",
        "module": "model.layers[0]",
        "nodes": 4,
        "storages": 3,
        "bytes": 10 * MIB,
    }
    (keeper,) = memory["keepers"]
    assert (keeper["path"], keeper["bytes"], keeper["node"]) == ("losses", 40 * MIB, 101)
    assert keeper["message"].startswith("losses keeps")
