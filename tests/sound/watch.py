"""One file's programs, each in a child with all rules on: ``watch.py FILE SECONDS [NAME-PART …]`` prints JSON lines."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "server")]

import torch
import torch._dynamo  # pyright: ignore[reportUnusedImport]  (an optimizer imports it: once, before the forks)

from laws.corpus import NotHere
from sound.corpus import programs
from tapelens.events import Event, StepEnded
from tapelens.probe.collector import Collector
from tapelens.probe.taps import Taps
from tapelens.rules.catalogue import runtime_twins
from tapelens.wire.findings import Finding

LIMIT_S = 120
NOTHING = {"steps": 0, "raised": "it told nothing", "skipped": None, "faults": [], "findings": []}


def watched(program: Callable[[], object]) -> dict[str, Any]:
    """Run it in this process; what the rules said, and how many steps it took."""
    findings: list[Finding] = []
    faults: list[str] = []
    steps = 0

    def count(event: Event) -> None:
        nonlocal steps
        steps += isinstance(event, StepEnded)
        collector.emit(event)

    def fault(*what: str) -> None:
        faults.append(": ".join(what))

    collector = Collector(runtime_twins(), on_finding=findings.append, stop=lambda: 0, report_fault=fault)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    atexit._clear()
    taps = Taps(count, report_fault=fault)
    taps.install()
    raised = skipped = None
    try:
        program()
    except NotHere as reason:
        skipped = str(reason)
    except BaseException:
        raised = traceback.format_exc()
    atexit._run_exitfuncs()
    return {
        "steps": steps,
        "raised": raised,
        "skipped": skipped,
        "faults": faults,
        "findings": [
            [each.rule, each.severity, f"{Path(each.site.path).name}:{each.site.line}", each.message]
            for each in findings
            if each.count == 1
        ],
    }


def in_a_child(program: Callable[[], object]) -> dict[str, Any]:
    """The same in a fork, within a time."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            answer = json.dumps(watched(program)).encode()
            with os.fdopen(writing, "wb") as stream:
                stream.write(answer)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    text = b""
    until = time.monotonic() + LIMIT_S
    with os.fdopen(reading, "rb") as stream:
        while select.select([stream], [], [], max(0, until - time.monotonic()))[0]:
            piece = os.read(stream.fileno(), 1 << 16)
            if not piece:
                break
            text += piece
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(text) if text else NOTHING


def main() -> None:
    file, limit_s, *parts = sys.argv[1:]
    until = time.monotonic() + float(limit_s)
    found = programs(Path(file))
    for name, program in sorted(found.items(), key=lambda each: zlib.crc32(each[0].encode())):
        if time.monotonic() > until:
            continue
        if not parts or any(part in name for part in parts):
            begun = time.monotonic()
            print(json.dumps({"name": name, **in_a_child(program), "seconds": time.monotonic() - begun}), flush=True)


if __name__ == "__main__":
    main()
