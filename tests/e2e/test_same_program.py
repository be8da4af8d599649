"""Law 1 over the whole path: a program computes the same with the probe as without it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

from probe.capture.stops import capture, run
from sessions.drive import OTHER_PYTHON, driven, marked_lines

PROGRAMS = Path(__file__).parent / "programs"


def run_plain(program: Path) -> str:
    ran = subprocess.run(
        [OTHER_PYTHON or sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=program.parent,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize(("name", "stops", "gradients"), [("tells_all", 15, 5), ("tells_reads", 23, 8)])
async def test_a_program_prints_the_same_with_a_capture_at_every_stop_as_without(name: str, stops: int, gradients: int):
    program = PROGRAMS / f"{name}.py"
    expected = run_plain(program)
    async with driven(program, stops=list(marked_lines(program).values())) as run:
        await run.run_to_end()
        seen = run.store.stops(run.session.id)
        assert run.store.faults(run.session.id) == ()
        assert {each.rule for each in run.store.findings(run.session.id)} == {"nonleaf-grad"}  # both read one
    assert run.printed == expected
    assert len(seen) == stops
    assert all(stop.snapshot is not None for stop in seen)
    assert len(run.store.gradients(run.session.id)) >= gradients


def careless(_: str, frame: FrameType) -> None:
    """Ask as a guest would who knows nothing of autograd."""
    for value in list(frame.f_locals.values()):
        for ask in ASKED:
            with contextlib.suppress(Exception):
                ask(value)


def ask_tensor(value: object) -> None:
    if isinstance(value, torch.Tensor):
        repr(value.grad_fn)
        repr(value.grad)
        repr((value.shape, value.device))
        value.untyped_storage().data_ptr()
        vars(value)["_seen"] = 1


def ask_node(value: object) -> None:
    node = getattr(value, "grad_fn", None)
    while node is not None:
        for name in dir(node):
            if name.startswith("_saved_"):
                with contextlib.suppress(RuntimeError):
                    getattr(node, name)
        node = next((target for target, _ in node.next_functions if target is not None), None)


ASKED: tuple[Callable[[Any], object], ...] = (
    ask_tensor,
    ask_node,
    len,
    lambda value: [getattr(value, name) for name in ("costly", "anything")],
    lambda value: value["a"],
)


def told(capsys: pytest.CaptureFixture[str], look: Callable[[str, FrameType], object]) -> dict[str, str]:
    """What the program prints, by the first word of the line."""

    def on_stop(name: str, frame: FrameType) -> None:
        look(name, frame)

    ran = run((PROGRAMS / "tells_reads.py").read_text(encoding="utf-8"), on_stop=on_stop)
    assert ran.error is None
    return {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}


def test_the_program_would_tell_of_careless_reads(capsys: pytest.CaptureFixture[str]):
    plain = told(capsys, lambda *_: None)
    assert told(capsys, lambda _, frame: capture(frame)) == plain
    disturbed = told(capsys, careless)
    sensitive = {"views", "non-leaf", "heard", "still", "saved", "objects", "attributes", "fakes:"}
    if sys.version_info >= (3, 11):
        sensitive.add("frames")
    assert sensitive <= {word for word, line in disturbed.items() if plain[word] != line}
