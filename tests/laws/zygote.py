"""A process that has torch and forks a fresh child for every run: one JSON line asks, one answers.

``zygote.py [fresh]``; the question is ``{"program": "file:function", "modes": [...], "limit_s": n}``, all modes of a
question run beside each other, and the answer is a list of what each run told.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "server")]

import torch

if "fresh" not in sys.argv:
    for module in ("_dynamo", "distributed.fsdp", "distributed.tensor", "func", "multiprocessing"):
        importlib.import_module(f"torch.{module}")

from laws import traces
from laws.corpus import HOME, LATE, NotHere, Program, Way, load
from laws.guest import Guest
from laws.stopping import look, stopped_at_each_line
from laws.telling import Tell
from tapelens.probe.uncompiled import keep_from_compile


def run(program: Program, mode: Way, sabotage: str) -> dict[str, Any]:
    """One program in this process, which is its own."""
    torch.set_num_threads(1)
    for module in ("laws.stopping", "laws.guest", "laws.walking", "laws.telling"):
        keep_from_compile(module)
    traces.seed()
    gc.collect()
    gc.disable()
    tell = Tell()
    guest = Guest(armed=mode == "probed", sabotage=sabotage) if mode in {"tapped", "probed"} else None
    error: BaseException | None = None
    returned: object = None
    begun = time.perf_counter()
    try:
        with printed_kept() as printed, traces.warnings_heard() as heard, watched(mode, guest):
            try:
                returned = program.run(tell)
            except NotHere as reason:
                return {"skipped": str(reason)}
            except BaseException as fault:
                error = fault
        facts = traces.after(tell, returned=returned, error=error, heard=heard, printed=printed[0])
    except BaseException:
        return {"broken": traceback.format_exc()}
    return {
        "facts": facts,
        "guest": None if guest is None else guest.told,
        "seconds": time.perf_counter() - begun,
        "raised": None if error is None else "".join(traceback.format_exception(error)),
    }


@contextlib.contextmanager
def watched(mode: Way, guest: Guest | None) -> Generator[None]:
    """Bare, or with the taps, or stopped at each line, or all at once."""
    if guest is not None:
        guest.enter()
    stops = {"stopped": look, "probed": guest.on_line if guest is not None else look}.get(mode)
    try:
        with contextlib.nullcontext() if stops is None else stopped_at_each_line(stops):
            yield
    finally:
        if guest is not None:
            guest.leave()


@contextlib.contextmanager
def printed_kept() -> Generator[list[str]]:
    """What goes to either output, of this process and of those it starts."""
    kept: list[str] = []
    with tempfile.TemporaryFile() as file:
        saved = os.dup(1), os.dup(2)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield kept
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
            file.seek(0)
            kept.append(file.read().decode(errors="replace"))


def forked(program: str, mode: Way, path: Path, sabotage: str) -> int:
    """Start a child that writes its answer to ``path``; its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setpgid(0, 0)  # with what it starts, so that a deadline ends all of it
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(path.with_suffix(".cache"))
        file = program.partition(":")[0]
        answer = run(load(HOME / f"{file}.py")[program], mode, sabotage)
        path.write_text(json.dumps(answer, default=repr))
        status = 0
    except BaseException:
        path.write_text(json.dumps({"broken": traceback.format_exc()}))
    finally:
        os._exit(status)


def answers(question: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Run every mode, reap every child."""
    until = time.monotonic() + question["limit_s"]
    running = {
        mode: forked(question["program"], mode, folder / mode, question["sabotage"]) for mode in question["modes"]
    }
    return [_reaped(child, folder / mode, until) for mode, child in running.items()]


def _reaped(child: int, path: Path, until: float) -> dict[str, Any]:
    late = False
    if not _ended(child, until):
        late = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    try:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it left running
        if late:
            return {"broken": LATE}
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {"broken": f"it ended with status {status} and told nothing"}
    finally:
        path.unlink(missing_ok=True)


def _ended(child: int, until: float) -> bool:
    """The child has ended, if before the deadline; it is not reaped."""
    descriptor = os.pidfd_open(child)
    try:
        return bool(select.select([descriptor], [], [], max(0, until - time.monotonic()))[0])
    finally:
        os.close(descriptor)


def main() -> None:
    gc.collect()
    gc.freeze()  # children collect and count only what is their own
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            print(json.dumps(answers(json.loads(line), Path(folder))), flush=True)


if __name__ == "__main__":
    main()
