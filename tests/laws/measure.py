"""Runs programs in four ways and says what differs."""

from __future__ import annotations

import itertools
import json
import os
import re
import select
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from laws.corpus import LATE, Mark, Way, missing

HERE = Path(__file__).parent
LIMIT_S = 60
WITHOUT_PROBE: tuple[Way, ...] = ("bare", "stopped")
"""What hangs here hangs by itself (PyTorch's process groups may, as they end): it is run once more."""
PACKAGES = [path for path in [HERE.parents[1] / "build" / "laws" / "packages"] if path.is_dir()]
"""What only the whole run installs."""


TOLERATED = {
    "the order in which nodes of a graph die inside one statement": (
        "From torch 2.13 on a node that Python has looked at once keeps its Python object, and a graph of such nodes "
        "is deleted in another order. The statement is the same; deaths are compared as a set a line."
    ),
    "the Python objects of gradients and of saved tensors": (
        "PyTorch makes one when somebody first looks, and keeps it as long as the tensor. "
        "Tensors alive are counted with every leaf's gradient, every view's base and all that living graphs saved."
    ),
    "how many frames torch.compile looked at": (
        "With a hook around every optimizer's step, it looks at one frame less where `optimizer.step` is compiled. "
        "Graphs, captured calls, breaks and their reasons are compared."
    ),
    "the version counter of a gradient that several edges add up to, where that backward was watched": (
        "From torch 2.13 on a gradient that a hook was shown is no longer the engine's alone: "
        "the engine then adds the next one into a new tensor instead of in place. The sum is the same, bit for bit."
    ),
}
"""What the probe does change, why it must, and how it is left out of the comparison."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One fact of one program that the probe changed."""

    program: str
    fact: str
    mode: str
    plain: object
    probed: object

    def __str__(self) -> str:
        changed = f"  without: {_short(self.plain)}\n  with:    {_short(self.probed)}"
        return f"{self.program}, {self.mode}: {self.fact}\n{changed}"


@dataclass(kw_only=True)
class Verdict:
    """What the four runs of a program showed.

    Attributes:
        skipped: Why it did not run, if so.
        differences: What the probe changed.
        faults: Of the probe's, and where its snapshots were wrong.
        by_tracer: Facts that a tracer alone changes, without the probe.
        raised: The traceback that ended the program; some end so on purpose.
    """

    program: str
    skipped: str | None = None
    differences: list[Difference] = field(default_factory=list["Difference"])
    faults: list[str] = field(default_factory=list[str])
    by_tracer: list[str] = field(default_factory=list[str])
    findings: list[str] = field(default_factory=list[str])
    raised: str | None = None
    captures: int = 0
    gradients: int = 0
    walks: int = 0
    facts: int = 0
    comparisons: int = 0
    seconds: float = 0.0


class Laboratory:
    """Two zygotes at most, each started when first needed."""

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._zygotes: dict[bool, subprocess.Popen[str]] = {}
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Laboratory:  # noqa: PYI034 (Self is not in Python 3.10)
        return self

    def __exit__(self, *_: object) -> None:
        for zygote in self._zygotes.values():
            for pipe in (zygote.stdin, zygote.stdout):
                assert pipe is not None
                pipe.close()
            try:
                zygote.wait(10)
            except subprocess.TimeoutExpired:
                zygote.kill()
                zygote.wait()
        self._folder.cleanup()

    def examine(self, program: str, mark: Mark, *, limit_s: float = LIMIT_S, sabotage: str = "") -> Verdict:
        """Run it in its ways, two beside each other, and compare.

        Args:
            program: Its name.
            mark: Its mark.
            limit_s: After so long a run is ended.
            sabotage: The probe is to disturb the program in this way: see ``guest.SABOTAGE``.
        """
        reason = missing(mark)
        if reason is not None:
            return Verdict(program=program, skipped=reason)
        runs: dict[Way, dict[str, Any]] = {}
        for ways in (mark.ways[:2], mark.ways[2:]):
            if ways:
                runs |= self._run(program, mark, ways, limit_s=limit_s, sabotage=sabotage)
        hung: tuple[Way, ...] = tuple(way for way in WITHOUT_PROBE if runs.get(way, {}).get("broken") == LATE)
        if hung:
            runs |= self._run(program, mark, hung, limit_s=limit_s, sabotage=sabotage)
        return compare(program, runs)

    def _run(
        self, program: str, mark: Mark, ways: Sequence[Way], *, limit_s: float, sabotage: str
    ) -> dict[Way, dict[str, Any]]:
        question = {"program": program, "modes": ways, "limit_s": limit_s, "sabotage": sabotage}
        return dict(zip(ways, self._ask(question, fresh=mark.fresh), strict=True))

    def _ask(self, question: dict[str, Any], *, fresh: bool) -> list[dict[str, Any]]:
        zygote = self._zygotes.get(fresh)
        if zygote is None:
            zygote = self._zygotes[fresh] = self._started(fresh=fresh)
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.write(json.dumps(question) + "\n")
        zygote.stdin.flush()
        if not select.select([zygote.stdout], [], [], question["limit_s"] * 2 + 60)[0]:
            raise TimeoutError(f"the process that forks {question['program']} does not answer")
        return json.loads(zygote.stdout.readline())

    def _started(self, *, fresh: bool) -> subprocess.Popen[str]:
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "GLOO_SOCKET_IFNAME": "lo",
            "TMPDIR": self._folder.name,
            "PYTHONPATH": os.pathsep.join(map(str, (*PACKAGES, HERE.parent, HERE.parents[1] / "server"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "KINETO_LOG_LEVEL": "99",  # its lines name the process
        }
        return subprocess.Popen(
            [self._python, str(HERE / "zygote.py"), *(["fresh"] if fresh else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder.name,
            env=environment,
        )


def compare(program: str, runs: Mapping[Way, dict[str, Any]]) -> Verdict:
    """NOTE [four runs]: ``tapped`` must equal ``bare`` in everything.

    A tracer by itself keeps a frame's variables in its ``f_locals`` (below Python 3.13) and with them
    references; what differs between ``bare`` and ``stopped`` is the tracer's. ``probed`` must equal
    one of the two.
    """
    verdict = Verdict(program=program)
    reasons = [run["skipped"] for run in runs.values() if "skipped" in run]
    if reasons:
        verdict.skipped = reasons[0]
        return verdict
    broken = [f"{mode}: {run['broken']}" for mode, run in runs.items() if "broken" in run]
    if broken:
        verdict.faults = broken
        return verdict
    facts = {mode: run["facts"] for mode, run in runs.items()}
    verdict.facts = len(facts["bare"])
    verdict.seconds = sum(run["seconds"] for run in runs.values())
    verdict.raised = runs["bare"]["raised"]
    for name in dict.fromkeys(name for each in facts.values() for name in each):
        given = {mode: _comparable(name, each.get(name, "(not told)")) for mode, each in facts.items()}
        bare, probed = given["bare"], given["probed"]
        tapped, stopped = given.get("tapped", bare), given.get("stopped", bare)
        if tapped != bare:
            verdict.differences.append(Difference(program=program, fact=name, mode="taps", plain=bare, probed=tapped))
        if stopped != bare:
            verdict.by_tracer.append(name)
        if not _is_either(name, probed, bare, stopped):
            verdict.differences.append(
                Difference(program=program, fact=name, mode="captures", plain=stopped, probed=probed)
            )
    verdict.comparisons = len(facts["bare"]) * (len(facts) - 1)
    for mode, run in runs.items():
        guest = run["guest"]
        if guest is None:
            continue
        verdict.faults += [f"{mode}: {each}" for each in (*guest["faults"], *guest["walk differences"])]
        verdict.captures += guest["captures"]
        verdict.gradients += guest["gradients"]
        verdict.walks += guest["walks"]
        verdict.findings += [each for each in guest["findings"] if each not in verdict.findings]
    return verdict


def _is_either(name: str, probed: Any, bare: Any, stopped: Any) -> bool:
    """As without the probe; of what a tracer alone delays, each part as without the probe or as under that tracer."""
    if probed in (bare, stopped) or _same_but_for_versions(name, stopped, probed):
        return True
    if name == "deaths":
        one, two, found = (_lines_of_deaths(each) for each in (bare, stopped, probed))
        return found.keys() == one.keys() and all(line in (one[key], two.get(key)) for key, line in found.items())
    if name == "references told":
        return len(probed) == len(bare) and all(map(_in_either, probed, bare, stopped))
    return False


def _in_either(each: Any, one: Any, two: Any) -> bool:
    return each in (one, two)


def _lines_of_deaths(deaths: Any) -> dict[tuple[str, int], str]:
    """The line by name and by how often one of that name had died before."""
    found: dict[tuple[str, int], str] = {}
    seen: Counter[str] = Counter()
    for line, names in deaths:
        for name in names:
            found[name, seen[name]] = line
            seen[name] += 1
    return found


def _same_but_for_versions(name: str, plain: Any, probed: Any) -> bool:
    if "grad" not in name or not isinstance(plain, str) or not isinstance(probed, str):
        return False
    return re.sub(r" v\d+ ", " ", plain) == re.sub(r" v\d+ ", " ", probed)


def _comparable(name: str, value: Any) -> Any:
    if name == "compiler" and isinstance(value, dict):
        counted: dict[str, Any] = value
        return {key: counter for key, counter in counted.items() if key != "frames"}
    if name != "deaths" or isinstance(value, str):
        return value
    lines = itertools.groupby(value, key=lambda death: death[1])
    return [[line, sorted(name for name, _ in deaths)] for line, deaths in lines]


def _short(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, str) else value
    return text if len(text) <= 1500 else f"{text[:1500]}…"
