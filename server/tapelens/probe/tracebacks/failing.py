"""Which node of the graph failed in a backward that raised."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import PurePath
from types import FrameType
from typing import TYPE_CHECKING, Any

from ...wire.sites import Site
from ..capture.graph import ACCUMULATE_GRAD, Graph, node_name, walk_graph
from ..capture.nodes import read_saved
from ..capture.saved import NodeSaved
from ..capture.variables import local_variables
from ..guard import text_of
from ..keys import key_of
from ..sites import code_site
from ..taps.graph import AT_MOST, root_nodes

if TYPE_CHECKING:
    import torch

    from .explain import Known

    Node = torch.autograd.graph.Node

_ENGINE = "_engine_run_backward"
_APPLY = "apply"
_READ_NS = 2_000_000_000
_CANDIDATES = 3
_NAMED = re.compile(
    r"[Ff]unction '?(?P<name>\w+?)'? returned (?P<what>nan values|an invalid gradient|an incorrect number of gradients)"
)
_CHANGED = re.compile(r"is at version (?P<now>\d+); expected version (?P<saved>\d+)")
_OUTPUT_OF = re.compile(r"which is output \d+ of (?P<name>\w+)")
_KINDS = {
    "@once_differentiable": ("Error", "was differentiated a second time, which @once_differentiable forbids"),
    "is not implemented": ("NotImplemented", "stands for an operation that has no derivative"),
}
"""By what the text holds: the name of the node that raises it, and why."""

_OF_NO_NODE = (
    "appears to not have been used in the graph",
    "does not require grad",
    "moved into the graph interior",
    "heckpoint",
)
"""Texts of what the engine says before or after it runs nodes, and of what has its own traceback."""

_FREED = "Trying to backward through the graph a second time"
_WRITTEN = re.compile(r'\s*File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<function>.+)')


@dataclass(frozen=True, slots=True)
class Made:
    """A node and where it was made.

    Attributes:
        exactly: The line made it, and did not just call the module that did.
    """

    name: str
    site: Site | None
    module: str
    exactly: bool


@dataclass(frozen=True, slots=True)
class Failing:
    """What failed.

    Attributes:
        made: The node, or the few that it may be, the likeliest first.
        saved: What the node had saved and somebody changed, by the name of the operation that gave it.
    """

    made: list[Made]
    why: str
    changed: str = ""


def find_failing(error: BaseException, frames: list[FrameType], known: Known) -> Failing | None:
    """Look at the graph of the innermost backward that the exception passed; None where nothing is sure.

    ``frames`` are those that it passed, outermost first.
    """
    at = next((index for index in range(len(frames) - 1, -1, -1) if _is_engine(frames[index])), None)
    if at is None:
        return None
    custom = next((node for frame in frames[at + 1 :] if (node := _custom_node(frame)) is not None), None)
    if custom is not None:
        return Failing([_made(custom, known)], "raised")
    if len(frames) > at + 1:  # a hook's own error: its frames tell
        return None
    variables = local_variables(frames[at])
    roots, arguments = variables.get("t_outputs", ()), variables.get("args", ())
    graph = walk_graph(root_nodes(roots), at_most=AT_MOST)
    retains = len(arguments) > 1 and bool(arguments[1])
    saved, _ = read_saved(graph, deadline_ns=time.perf_counter_ns() + _READ_NS)
    search = _Search(graph, saved, error, known, retains=retains)
    found = search.find()
    if found is None:
        return None
    rows, why, changed = found
    return Failing([_made(graph.nodes[row], known) for row in rows], why, changed)


class _Search:
    """Reads from the graph, as the exception left it, how far the engine came.

    NOTE [how far the engine came]: it runs the newest node first, and unless the graph is retained it frees what a
    node saved as soon as that has run. So of the nodes that saved something those that ran are freed, and the
    one that raised is the newest that is not.
    """

    def __init__(
        self, graph: Graph, saved: list[NodeSaved], error: BaseException, known: Known, *, retains: bool
    ) -> None:
        self._graph = graph
        self._saved = saved
        self._text = text_of(error)
        self._known = known
        self._call = known.call_of(error)
        self._retains = retains
        self._rows = [row for row in range(len(graph.nodes) - 1, -1, -1) if graph.names[row] != ACCUMULATE_GRAD]

    def find(self) -> tuple[list[int], str, str] | None:
        """Rows, why, and what was changed."""
        if _FREED in self._text:
            return self._answer(self._freed_before(), "had been run before, and what it saved is freed")
        if (changed := _CHANGED.search(self._text)) is not None:
            output_of = _OUTPUT_OF.search(self._text)
            name = "" if output_of is None else output_of["name"]
            rows = self._changed(int(changed["now"]), int(changed["saved"]))
            return self._answer(rows, "saved a tensor that was changed in place since", name)
        if (named := _NAMED.search(self._text)) is not None:
            rows = self._by_name(named["name"], has_run=named["what"] == "nan values")
            return self._answer(rows, f"returned {named['what']}")
        for words, (name, why) in _KINDS.items():
            if words in self._text and name in self._graph.names:
                return self._answer([row for row in self._rows if self._graph.names[row] == name][:1], why)
        unknown = self._retains or any(words in self._text for words in _OF_NO_NODE)
        return self._answer([] if unknown else self._next(), "raised")

    def _answer(self, rows: list[int], why: str, changed: str = "") -> tuple[list[int], str, str] | None:
        return (rows, why, changed) if 0 < len(rows) <= _CANDIDATES else None

    def _freed_before(self) -> list[int]:
        """The newest that an earlier call ran."""
        gone = {"freed", "unknown"}  # older torch does not tell
        ran = (row for row in self._rows if self._saved[row].state in gone and self._is_earlier(row))
        return [row for row in (next(ran, None),) if row is not None]

    def _is_earlier(self, row: int) -> bool:
        return self._known.ran_by(key_of(self._graph.nodes[row])) not in {None, self._call}

    def _changed(self, now: int, version: int) -> list[int]:
        for row in self._rows:
            for slot in self._saved[row].slots:
                if slot.state == "changed" and (slot.version_now, slot.version_saved) in {(now, version), (now, -1)}:
                    return [row]
        return []

    def _by_name(self, name: str, *, has_run: bool) -> list[int]:
        """By its name: the last that has run, or the first that has not."""
        rows = [row for row in self._rows if self._graph.names[row] == name]
        if self._retains or len(rows) == 1:
            return rows
        frees = [row for row in rows if self._saved[row].state in {"freed", "alive"}]
        if len(frees) != len(rows):  # of some nothing can be told
            return rows
        if has_run:
            return [row for row in rows if self._saved[row].state == "freed"][-1:]
        return [row for row in rows if self._saved[row].state == "alive"][:1]

    def _next(self) -> list[int]:
        """The newest that still has what it saved, and those that save nothing and came before it."""
        between: list[int] = []
        for row in self._rows:
            held = self._saved[row]
            if held.state == "freed":
                between = []
            elif held.state == "alive" or any(slot.state == "packed" for slot in held.slots):
                return [row, *between]
            elif held.state == "unknown":
                return []
            else:
                between.append(row)
        return []


def _is_engine(frame: FrameType) -> bool:
    code = frame.f_code
    return code.co_name == _ENGINE and PurePath(code.co_filename).parts[-3:] == ("torch", "autograd", "graph.py")


def _custom_node(frame: FrameType) -> Node | None:
    """The node whose backward is the user's own code, from the frame of torch's that calls it."""
    code = frame.f_code
    if code.co_name != _APPLY or PurePath(code.co_filename).parts[-3:] != ("torch", "autograd", "function.py"):
        return None
    node: Any = local_variables(frame).get("self")
    return node if hasattr(type(node), "next_functions") else None


def _made(node: Node, known: Known) -> Made:
    sequence = node._sequence_nr()
    (origin,) = known.origins([sequence])
    written = None if known.lines == "every_line" and origin.site is not None else _written_site(node)
    site = written or origin.site
    return Made(node_name(node), site, origin.module, written is not None or known.lines == "every_line")


def _written_site(node: Node) -> Site | None:
    """The line that anomaly mode wrote down as the node was made."""
    stack = node.metadata.get("traceback_")
    for entry in reversed(stack if isinstance(stack, list) else ()):
        found = _WRITTEN.match(str(entry))
        if found is not None:
            site = _site(found["path"], int(found["line"]), found["function"].splitlines()[0])
            if not site.in_library:
                return site
    return None


def _site(path: str, line: int, function: str) -> Site:
    code = compile("", path, "exec")
    return code_site(code, line=line, function=function)
