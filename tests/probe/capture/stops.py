"""Programs with ``# stop: name`` marks, run under a tracer that captures as a debugger stops: before the line runs."""

from __future__ import annotations

import itertools
import linecache
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from tapelens.probe.capture.frame import BOUNDS, Bounds, capture_frame
from tapelens.probe.sites import site_of
from tapelens.store.rows import (
    EdgeRow,
    HookRow,
    NodeRow,
    SavedRow,
    TensorRow,
    edge_rows,
    hook_rows,
    node_rows,
    saved_rows,
    tensor_rows,
)
from tapelens.wire.numbers import Number
from tapelens.wire.sites import Site
from tapelens.wire.snapshot import Snapshot

_MARK = "# stop:"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stop:
    """A snapshot, with its rows looked up."""

    snapshot: Snapshot

    @property
    def tensors(self) -> dict[str, TensorRow]:
        """By every name."""
        return {name: row for row in tensor_rows(self.snapshot) for name in row.names}

    def values(self, name: str) -> tuple[Number, ...]:
        """The first values of a tensor."""
        statistics = self.tensors[name].statistics
        assert statistics is not None
        return statistics.first

    def gradient(self, name: str) -> tuple[Number, ...]:
        """The first values of a tensor's ``.grad``."""
        statistics = self.tensors[name].grad_statistics
        assert statistics is not None
        return statistics.first

    @property
    def nodes(self) -> list[NodeRow]:
        return node_rows(self.snapshot)

    @property
    def node_names(self) -> list[str]:
        return [node.name for node in self.nodes]

    @property
    def edges(self) -> list[EdgeRow]:
        return edge_rows(self.snapshot)

    @property
    def named_edges(self) -> set[tuple[str, str, int]]:
        names = self.node_names
        return {(names[edge.source], names[edge.target], edge.input_nr) for edge in self.edges}

    @property
    def saved(self) -> list[SavedRow]:
        return saved_rows(self.snapshot)

    @property
    def hooks(self) -> list[HookRow]:
        return hook_rows(self.snapshot)

    def effects(self, *names: str) -> dict[str, str]:
        """What backward would do, by name."""
        return {name: self.tensors[name].backward_effect for name in names}

    @property
    def raises(self) -> str | None:
        """The reason why backward would raise."""
        will_raise = self.snapshot.backward.will_raise
        return None if will_raise is None else will_raise.reason


@dataclass
class Run:
    """What a program's stops showed, and how it ended."""

    stops: list[tuple[str, Stop]] = field(default_factory=list)
    error: BaseException | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Stop:
        """The only stop of a name."""
        (found,) = [stop for called, stop in self.stops if called == name]
        return found


def capture(
    frame: FrameType,
    *,
    freed_by: Callable[[int], Site | None] = lambda _: None,
    bounds: Bounds = BOUNDS,
    stop: int = 1,
) -> Stop:
    """One frame, as it stands."""
    return Stop(
        capture_frame(frame, stop=stop, thread=1, depth=0, site=site_of(frame), freed_by=freed_by, bounds=bounds)
    )


def run(source: str, on_stop: Callable[[str, FrameType], None] | None = None, **given: object) -> Run:
    """Run a program and capture at its marks; an exception of its own ends it and is kept.

    ``given`` are variables that it finds at its start.
    """
    text = textwrap.dedent(source)
    path = f"/programs/program_{next(_numbers)}.py"
    lines = text.splitlines(keepends=True)
    linecache.cache[path] = (len(text), None, lines, path)
    marks = {number: line.partition(_MARK)[2].strip() for number, line in enumerate(lines, 1) if _MARK in line}
    found = Run(variables={"__name__": "__main__", **given})

    def at_stop(name: str, frame: FrameType) -> None:
        if on_stop is None:
            found.stops.append((name, capture(frame, stop=len(found.stops) + 1)))
        else:
            on_stop(name, frame)

    trace = _tracer(path, marks, at_stop)
    code = compile(text, path, "exec")
    found.error = _traced(code, found.variables, trace)
    del linecache.cache[path]
    return found


def _traced(code: CodeType, variables: dict[str, Any], trace: Any) -> BaseException | None:
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        exec(code, variables)
    except Exception as error:  # noqa: BLE001 (the program's own end)
        return error
    finally:
        sys.settrace(before)
    return None


def _tracer(path: str, marks: dict[int, str], at_stop: Callable[[str, FrameType], None]) -> Any:
    def local(frame: FrameType, event: str, _: object) -> Any:
        if event == "line" and frame.f_lineno in marks:
            at_stop(marks[frame.f_lineno], frame)
        return local

    def entry(frame: FrameType, _event: str, _: object) -> Any:
        return local if frame.f_code.co_filename == path else None

    return entry
