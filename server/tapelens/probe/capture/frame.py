"""One frame of a stop as a snapshot."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from ...wire.sites import Site
from ...wire.snapshot import Backward as BackwardFacts
from ...wire.snapshot import HookColumns, LeftOut, LinesState, NodeColumns, SavedColumns, Snapshot, TensorColumns
from .backward import Backward
from .foresight import Leaves
from .gradients import HookedOutput, hooked_outputs
from .graph import ACCUMULATE_GRAD, Graph, walk_graph
from .guards import collector_held, undisturbed
from .hooks import Hook, hooks_of
from .keepers import Keepers, find_keepers
from .memory import tell_memory
from .names import Reach
from .nodes import Origins, count_untold, edge_columns, node_columns, read_saved, saved_columns, unknown_origins
from .parameters import parameter_storages
from .raising import FreedBy
from .reading import Reading
from .saved import NodeSaved
from .starts import find_starts
from .statistics import StatisticsTable
from .tables import NONE, Shapes, Sites, Strings
from .tensors import TensorRows


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How much one snapshot may hold and cost.

    Attributes:
        values: Values of the frame that are looked at for tensors.
        nodes: Those made last below the root foreseen, and then below the frame's other tensors.
        count_ms: Time for counting the other nodes.
        details_ms: Time for saved tensors and shapes, after the graph's structure is known.
        numbers_ms: Time for reading tensors' values.
    """

    tensors: int = 2_000
    values: int = 20_000
    nodes: int = 20_000
    saved: int = 40_000
    hooks: int = 1_000
    count_ms: int = 300
    details_ms: int = 200
    numbers_ms: int = 50


BOUNDS = Bounds()
"""At a stop."""

PATIENT = Bounds(count_ms=800, details_ms=800, numbers_ms=300)
"""When asked. In all below the 3 s after which the debugger complains of a slow evaluation."""


def capture_frame(
    frame: FrameType,
    *,
    stop: int,
    thread: int,
    depth: int,
    site: Site,
    freed_by: FreedBy,
    origins: Origins = unknown_origins,
    lines: LinesState = "off",
    steps: Sequence[int] = (),
    note_hooked: Callable[[Iterable[HookedOutput]], None] = lambda _: None,
    bounds: Bounds = BOUNDS,
) -> Snapshot:
    """Read what the frame reaches, and the graph behind it, without disturbing either.

    The frame's thread must be the calling one. Nothing that was read is kept: when this returns,
    the program holds what it held before. ``freed_by`` is asked for the site of a backward by the
    key of its root, ``steps`` are the clock at the ends of the thread's steps so far,
    ``note_hooked`` is told where the program's hooked tensors keep their hooks, and ``depth`` counts
    from the innermost frame.
    """
    begun = time.perf_counter_ns()
    torch = sys.modules["torch"]
    with collector_held(), undisturbed():
        scene = _look(frame, bounds, freed_by)
        note_hooked(hooked_outputs(scene.tensors.readings.values()))
        tables = _Tables()
        columns = _columns(scene, tables, origins, bounds)
        grad_mode, inference_mode = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        keepers = find_keepers(
            frame,
            scene.called,
            steps=steps,
            graph=scene.graph,
            saved=scene.saved,
            runs=() if scene.backward.root.chosen_by == "all" else scene.backward.foresight.ran,
            in_line=scene.backward.root.chosen_by == "line",
            parameters=scene.parameters,
        )
        memory = tell_memory(
            scene.tensors,
            scene.reach.tensors,
            scene.saved,
            columns.nodes,
            parameters=scene.parameters,
            keepers=keepers.keepers,
        )
        left_out = _everything_left_out(scene, columns, keepers, bounds)
        return Snapshot(
            kind="snapshot",
            stop=stop,
            thread=thread,
            depth=depth,
            site=site,
            torch=str(torch.__version__),
            grad_mode=grad_mode,
            inference_mode=inference_mode,
            lines=lines,
            strings=tables.strings.table(),
            shapes=tables.shapes.table(),
            sites=tables.sites.table(),
            storage_bytes=scene.tensors.storage_bytes(),
            statistics=tables.statistics.columns(),
            tensors=columns.tensors,
            nodes=columns.nodes,
            edges=edge_columns(scene.graph),
            saved=columns.saved,
            hooks=columns.hooks,
            backward=_backward_facts(scene, columns.hooks_run),
            memory=memory,
            left_out=left_out,
            capture_us=(time.perf_counter_ns() - begun) // 1000,
        )


@dataclass(slots=True)
class _Scene:
    """What was found and thought through, with the program's own tensors and nodes still in hand."""

    reach: Reach
    tensors: TensorRows
    graph: Graph
    leaf_rows: dict[int, int]
    parameters: set[int]
    saved: list[NodeSaved]
    saved_unread: int
    backward: Backward
    details_until_ns: int

    def called(self, tensor: object) -> str:
        """What a person calls a tensor; its class in brackets where no name reaches it."""
        named = self.reach.tensors.get(id(tensor))
        return named.names[0] if named is not None and named.names else f"<{type(tensor).__name__}>"


@dataclass(slots=True)
class _Tables:
    """What repeats, kept once."""

    strings: Strings = field(default_factory=Strings)
    shapes: Shapes = field(default_factory=Shapes)
    sites: Sites = field(default_factory=Sites)
    statistics: StatisticsTable = field(default_factory=StatisticsTable)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The scene in columns, and how many rows the bounds kept out of them."""

    tensors: TensorColumns
    nodes: NodeColumns
    saved: SavedColumns
    saved_left_out: int
    hooks: HookColumns
    hooks_run: tuple[int, ...]
    hooks_left_out: int


def _look(frame: FrameType, bounds: Bounds, freed_by: FreedBy) -> _Scene:
    starts = find_starts(frame, tensors=bounds.tensors, values=bounds.values)
    tensors = starts.tensors
    graph = walk_graph(starts.nodes(), at_most=bounds.nodes, count_ms=bounds.count_ms)
    leaves, leaf_rows, parameters = _tie_leaves(graph, tensors)
    until_ns = time.perf_counter_ns() + bounds.details_ms * 1_000_000
    saved, saved_unread = read_saved(graph, deadline_ns=until_ns)
    backward = Backward(starts.root, graph, saved, leaves, tensors.readings)
    backward.foresee(freed_by, parameters)
    return _Scene(starts.reach, tensors, graph, leaf_rows, parameters, saved, saved_unread, backward, until_ns)


def _columns(scene: _Scene, tables: _Tables, origins: Origins, bounds: Bounds) -> _Columns:
    strings, shapes, sites = tables.strings, tables.shapes, tables.sites
    numbers_until = time.perf_counter_ns() + bounds.numbers_ms * 1_000_000
    numbers = scene.tensors.read_values(tables.statistics, deadline_ns=numbers_until)
    saved, saved_left_out = saved_columns(
        scene.saved, scene.tensors, strings=strings, shapes=shapes, at_most=bounds.saved
    )
    hooks, hooks_run, hooks_left_out = _hooks(scene.tensors, scene.backward, strings, sites, bounds.hooks)
    tensors = scene.tensors.columns(
        strings=strings, shapes=shapes, graph=scene.graph, effect=scene.backward.effect_on, statistics=numbers
    )
    nodes = node_columns(
        scene.graph,
        scene.saved,
        scene.leaf_rows,
        origins(scene.graph.sequences),
        parameters=scene.parameters,
        strings=strings,
        shapes=shapes,
        sites=sites,
        deadline_ns=scene.details_until_ns,
    )
    return _Columns(tensors, nodes, saved, saved_left_out, hooks, hooks_run, hooks_left_out)


def _backward_facts(scene: _Scene, hooks_run: tuple[int, ...]) -> BackwardFacts:
    root, foresight = scene.backward.root, scene.backward.foresight
    return BackwardFacts(
        root=scene.tensors.row(id(root.readings[0].tensor)) if len(root.readings) == 1 else NONE,
        expression=root.expression,
        chosen_by=root.chosen_by,
        will_raise=foresight.will_raise,
        nodes_freed=foresight.nodes_freed,
        bytes_freed=foresight.bytes_freed,
        hooks=hooks_run,
        retains=root.retains,
        doubt=foresight.doubt,
    )


def _everything_left_out(scene: _Scene, columns: _Columns, keepers: Keepers, bounds: Bounds) -> tuple[LeftOut, ...]:
    unnamed = sum(named.unnamed_too for named in scene.reach.tensors.values())
    torch = f"torch {sys.modules['torch'].__version__}"
    untold_saved, untold_shapes = count_untold(scene.graph, scene.saved)
    every = (
        _left_out("tensors", scene.reach.cut_tensors, f"more than {bounds.tensors} tensors in the frame"),
        _left_out("tensors", scene.reach.cut_values, "long containers and far values were not looked into"),
        _left_out(
            "nodes",
            scene.graph.left_out,
            "older ones, which the tape sends in pages",
            at_least=not scene.graph.counted,
        ),
        _left_out("saved", scene.saved_unread, f"nodes whose saved tensors {bounds.details_ms} ms did not suffice for"),
        _left_out("saved", untold_saved, f"{torch} shows them only by running hooks; newer torch does without"),
        _left_out("shapes", untold_shapes, f"{torch} does not tell the shapes of nodes; newer torch does"),
        _left_out("saved", columns.saved_left_out, f"more than {bounds.saved} saved tensors"),
        _left_out("hooks", columns.hooks_left_out, f"more than {bounds.hooks} hooks"),
        _left_out("values", scene.tensors.unread_values, "tensors whose values no budget was left for"),
        _left_out("names", unnamed, "further names of tensors"),
        _left_out("names", keepers.left_out, "further names that keep old graphs alive"),
        _left_out("names", keepers.cut, "values and nodes not searched for who keeps old graphs alive"),
        _left_out(
            "names",
            keepers.unread_frames,
            "outer functions whose variables cannot be read without a trace, for who keeps old graphs alive",
        ),
    )
    return tuple(entry for entry in every if entry is not None)


def _tie_leaves(graph: Graph, tensors: TensorRows) -> tuple[Leaves, dict[int, int], set[int]]:
    """Give every leaf of the graph a row; tell AccumulateGrad's leaves, and the storages of parameters."""
    leaves = Leaves()
    rows: dict[int, int] = {}
    for row, name in enumerate(graph.names):
        if name == ACCUMULATE_GRAD:
            leaf = graph.nodes[row].variable  # pyright: ignore[reportAttributeAccessIssue]
            reading = tensors.add(leaf)
            leaves.add(leaf, row)
            rows[row] = tensors.row(id(reading.tensor))
    return leaves, rows, parameter_storages(tensors.readings.values())


def _hooks(
    tensors: TensorRows, backward: Backward, strings: Strings, sites: Sites, at_most: int
) -> tuple[HookColumns, tuple[int, ...], int]:
    """All hooks, the rows of those that the backward foreseen would run, and how many were left out."""
    every: list[tuple[Reading, Hook]] = [
        (reading, hook) for reading in tensors.readings.values() for hook in hooks_of(reading.tensor)
    ]
    kept = every[:at_most]
    columns = HookColumns(
        tensor=tuple(tensors.row(id(reading.tensor)) for reading, _ in kept),
        node=(NONE,) * len(kept),
        kind=tuple(hook.kind for _, hook in kept),
        name=tuple(strings.row(hook.name) for _, hook in kept),
        site=tuple(sites.row(hook.site) for _, hook in kept),
    )
    run = tuple(row for row, (reading, hook) in enumerate(kept) if backward.runs(reading, hook.kind))
    return columns, run, len(every) - len(kept)


def _left_out(what: str, count: int, why: str, *, at_least: bool = False) -> LeftOut | None:
    if not count:
        return None
    return LeftOut(what=what, count=count, at_least=at_least, why=why)  # pyright: ignore[reportArgumentType]
