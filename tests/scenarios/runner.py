"""Runs a scenario in a forked child, with the taps and without, and compares both with its marks."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import io
import json
import os
import re
import runpy
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_MARK = re.compile(r"# expect(?P<twin>\[\w+\])?: (?P<slugs>[\w-]+(?:, [\w-]+)*)$")
_DEADLINE_S = 60


@dataclass(frozen=True)
class Outcome:
    """What a program did.

    Attributes:
        printed: Its own output, both streams.
        state: Digest of every tensor in its globals, of their gradients and of the random state.
        raised: Type and text of the exception that left it.
        findings: Line and slug, once each.
        messages: Of the findings.
        faults: Of the probe's own.
    """

    printed: str
    state: str
    raised: str | None
    findings: tuple[tuple[int, str], ...]
    messages: tuple[str, ...]
    faults: tuple[str, ...]


def programs() -> list[Path]:
    """All scenarios."""
    return sorted(path for path in HERE.glob("*/*.py") if path.name != "__init__.py")


def expected(program: Path, *, twin: str = "live") -> tuple[tuple[int, str], ...]:
    """Lines and slugs of the marks that a runtime twin, or a ``source`` twin, should meet."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(program.read_text().splitlines(), start=1):
        mark = _MARK.search(line)
        if mark is not None and mark["twin"] in {None, f"[{twin}]"}:
            found.extend((number, slug) for slug in mark["slugs"].split(", "))
    return tuple(sorted(found))


@functools.cache
def run(program: Path, *, taps: bool) -> Outcome:
    """Run the program in a child that has torch already."""
    import torch._dynamo  # noqa: F401 (an optimizer's first construction imports it: once, before the fork)

    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a parent with threads forks
        child = os.fork()
    if child == 0:
        _be_the_child(program, writing, taps=taps)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    if status or not text:
        pytest_says = f"{program.name}: the child ended with status {status} and said {text!r}"
        raise AssertionError(pytest_says)
    found = json.loads(text)
    return Outcome(
        printed=found["printed"],
        state=found["state"],
        raised=found["raised"],
        findings=tuple(sorted((line, slug) for line, slug in found["findings"])),
        messages=tuple(found["messages"]),
        faults=tuple(found["faults"]),
    )


def _be_the_child(program: Path, writing: int, *, taps: bool) -> None:
    status = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_DEADLINE_S)
        answer = _play(program, taps=taps)
        with os.fdopen(writing, "w") as stream:
            json.dump(answer, stream)
        status = 0
    except BaseException as error:  # noqa: BLE001 (nothing of pytest's may run in the child)
        os.write(2, f"{program.name}: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def _play(program: Path, *, taps: bool) -> dict[str, Any]:
    import torch

    from tapelens.probe.collector import Collector
    from tapelens.probe.taps import Taps
    from tapelens.rules.catalogue import runtime_twins

    atexit._clear()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sys.excepthook = sys.__excepthook__
    findings: dict[tuple[int, str], str] = {}
    faults: list[str] = []

    def hear(finding: Any) -> None:
        assert Path(finding.site.path) == program
        findings.setdefault((finding.site.line, finding.rule), finding.message)

    printed = io.StringIO()
    raised = None
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        warnings.simplefilter("default")
        if taps:
            collector = Collector(
                runtime_twins(), on_finding=hear, stop=lambda: 0, report_fault=lambda *fault: faults.append(str(fault))
            )
            installed = Taps(collector.emit, report_fault=lambda *fault: faults.append(str(fault)))
            installed.install()
        try:
            names = runpy.run_path(str(program), run_name="__main__")
        except BaseException as error:  # noqa: BLE001 (what the program does is the answer)
            names = {}
            raised = f"{type(error).__name__}: {error}"
            sys.excepthook(type(error), error, error.__traceback__.tb_next)
        atexit._run_exitfuncs()
    return {
        "printed": printed.getvalue(),
        "state": _digest(names),
        "raised": raised,
        "findings": list(findings),
        "messages": list(findings.values()),
        "faults": faults,
    }


def _digest(names: dict[str, Any]) -> str:
    """Every bit of what the program is left with."""
    import torch

    digest = hashlib.sha256(torch.get_rng_state().numpy().tobytes())
    for name, value in sorted(names.items()):
        tensors: list[torch.Tensor] = []
        if isinstance(value, torch.nn.Module):
            tensors.extend(value.parameters())
            tensors.extend(value.buffers())
        elif isinstance(value, torch.Tensor):
            tensors.append(value)
        for tensor in tensors:
            grad = tensor.grad if tensor.is_leaf else None
            for part in (tensor, grad):
                if part is not None:
                    dense = part.to_dense() if part.is_sparse else part
                    digest.update(name.encode() + dense.detach().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
