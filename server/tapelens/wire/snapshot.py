"""What one stop captured: tensors and graph in columns, strings and shapes interned.

A *row* is an index into another table of the same snapshot; -1 says "none" (where the attribute
says so) or "not shown". Three-valued columns hold 1 for yes, 0 for no, -1 for not shown.
"""

from dataclasses import dataclass
from typing import Literal

from .memory import Memory
from .numbers import StatisticsColumns
from .sites import Site

BackwardEffect = Literal["new", "added", "untouched", "dropped", "unknown"]
"""What the foreseen backward does to a tensor's ``.grad``: makes it, adds to it, leaves it alone,
computes a gradient and keeps none (a non-leaf), or it cannot be told."""

GradState = Literal["none", "held", "not_read"]
SavedState = Literal["live", "changed", "freed", "packed", "never", "not_shown"]
NodeState = Literal["saves_nothing", "alive", "freed", "unknown"]
ChosenBy = Literal["line", "newest_scalar", "all"]
LinesState = Literal["every_line", "module_calls", "off"]
"""How finely nodes' sites are known: each line of the user's, only the calls of modules, or not at all."""

HookKind = Literal["tensor_pre", "post_accumulate", "node_pre", "node_post"]


@dataclass(frozen=True, kw_only=True)
class TensorColumns:
    """One row a tensor reachable from the frame, and one a leaf of the graph.

    Attributes:
        names: String rows; what a person would write, best first; empty for a leaf that no name reaches.
        type_name: String row of the class, such as ``Parameter``.
        shape: Shape row.
        dtype: String row, without ``torch.``.
        device: String row.
        layout: String row.
        grad: Whether ``.grad`` is None, held, or was not read (a non-leaf that retains none has none).
        grad_shape: Shape row of the gradient.
        grad_statistics: Row of the snapshot's statistics.
        statistics: Row of the snapshot's statistics.
        grad_fn: Node row; -1 for none or when the node was left out.
        grad_fn_name: String row of the node's type, -1 for none.
        version: The version counter, -1 not shown.
        base: Tensor row of a view's base.
        storage: Storage row.
        module: String row of the module that holds it as a parameter or buffer, with its name in the frame.
        optimizer: String row of the optimizer that holds it.
        backward_effect: See ``BackwardEffect``.
        in_frame: 1 when a name of the frame reaches it.
        not_shown: String row of the reason why a part is missing, -1 when all is there.
    """

    names: tuple[tuple[int, ...], ...]
    type_name: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: tuple[int, ...]
    device: tuple[int, ...]
    layout: tuple[int, ...]
    is_leaf: tuple[int, ...]
    requires_grad: tuple[int, ...]
    retains_grad: tuple[int, ...]
    is_view: tuple[int, ...]
    grad: tuple[GradState, ...]
    grad_shape: tuple[int, ...]
    grad_statistics: tuple[int, ...]
    statistics: tuple[int, ...]
    grad_fn: tuple[int, ...]
    grad_fn_name: tuple[int, ...]
    output_nr: tuple[int, ...]
    version: tuple[int, ...]
    base: tuple[int, ...]
    storage: tuple[int, ...]
    module: tuple[int, ...]
    optimizer: tuple[int, ...]
    backward_effect: tuple[BackwardEffect, ...]
    in_frame: tuple[int, ...]
    not_shown: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NodeColumns:
    """One row an autograd node, in tape order: the order in which they were made, leaves first.

    Attributes:
        key: Serial that the probe put into ``node.metadata``; never reused in the process.
        name: String row of ``type(node).__name__``.
        sequence: ``_sequence_nr()``; -1 for AccumulateGrad, which has none.
        thread: Thread that made it, -1 unknown.
        site: Site row of the source line that made it, -1 unknown.
        module: String row of the module path, -1 unknown.
        shape: Shape row of the node's first output.
        dtype: String row of the node's first output.
        device: String row of the node's first output.
        leaf: Tensor row of the leaf that an AccumulateGrad adds to, else -1.
        state: Whether the buffers it saved for backward are there.
        saved_bytes: Bytes it keeps, each storage counted at the node that saved it first and
            parameters not at all; -1 unknown.
        custom: Site row of a custom ``autograd.Function``'s class, else -1.
    """

    key: tuple[int, ...]
    name: tuple[int, ...]
    sequence: tuple[int, ...]
    thread: tuple[int, ...]
    site: tuple[int, ...]
    module: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: tuple[int, ...]
    device: tuple[int, ...]
    leaf: tuple[int, ...]
    state: tuple[NodeState, ...]
    saved_bytes: tuple[int, ...]
    custom: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class EdgeColumns:
    """One row an edge: ``source.next_functions[position] == (target, input_nr)``; node rows."""

    source: tuple[int, ...]
    position: tuple[int, ...]
    target: tuple[int, ...]
    input_nr: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SavedColumns:
    """One row a saved tensor.

    Attributes:
        node: Node row.
        name: String row, such as ``self`` or ``mat1``; a custom Function's are ``0``, ``1``, …
        shape: Shape row.
        dtype: String row.
        size_bytes: Its elements' bytes, -1 not shown.
        storage: Storage row, -1 not shown or when it holds no tensor of the snapshot and was left out.
        version_saved: The version when it was saved, -1 not shown.
        version_now: The version counter now, -1 not shown.
        state: ``changed`` when it was written in place since; ``packed`` when a user's hook keeps it.
        tensor: Tensor row when it is a tensor of the snapshot, else -1.
    """

    node: tuple[int, ...]
    name: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: tuple[int, ...]
    size_bytes: tuple[int, ...]
    storage: tuple[int, ...]
    version_saved: tuple[int, ...]
    version_now: tuple[int, ...]
    state: tuple[SavedState, ...]
    tensor: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class HookColumns:
    """One row a hook of the user's.

    Attributes:
        tensor: Tensor row that it was registered on, or -1.
        node: Node row that it was registered on, or -1.
        kind: When it runs.
        name: String row: the function's qualified name (a partial's inner function).
        site: Site row of its code, -1 for one without Python code.
    """

    tensor: tuple[int, ...]
    node: tuple[int, ...]
    kind: tuple[HookKind, ...]
    name: tuple[int, ...]
    site: tuple[int, ...]


RaiseReason = Literal[
    "freed",
    "changed",
    "detached",
    "no_path",
    "not_scalar",
    "gradient",
    "input",
    "unused",
    "no_derivative",
    "moved",
    "checkpoint",
]
"""Freed buffers; a saved tensor written, or detached, in place; no path from the root to a leaf; a root of
several elements, or a complex one, without a gradient of its own; a gradient given that does not fit; an input
asked for that requires none, or that was not used; an operation without a derivative; a leaf that was made
the result of an operation after its use; a reentrant checkpoint below ``autograd.grad`` or ``inputs``."""


@dataclass(frozen=True, kw_only=True)
class WillRaise:
    """The backward foreseen cannot end well.

    Attributes:
        node: Node row that will raise, -1 for none.
        freed_by: Where the backward ran that freed the buffers, when it was seen.
        message: One sentence: what will be raised and why.
    """

    reason: RaiseReason
    node: int
    freed_by: Site | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Backward:
    """What backward from this stop would do.

    Attributes:
        root: Tensor row of the root; -1 when all roots are meant or there is none.
        expression: The root as written in the line, or its name; empty for none.
        chosen_by: How the root was found.
        nodes_freed: Nodes that hold buffers and would be freed (0 with ``retain_graph``).
        bytes_freed: Bytes those buffers hold.
        hooks: Rows of hooks that would run.
        retains: The line asks for ``retain_graph=True`` or ``create_graph=True``.
        doubt: Why it cannot be told for certain that it will not raise, as part of a sentence; the effects on
            tensors are then those of a backward that does not. None where all is known.
    """

    root: int
    expression: str
    chosen_by: ChosenBy
    will_raise: WillRaise | None
    nodes_freed: int
    bytes_freed: int
    hooks: tuple[int, ...]
    retains: bool
    doubt: str | None


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something that a bound kept out of the snapshot, or that its torch does not tell, said openly.

    Attributes:
        what: Of ``nodes`` the newest are shown, with the leaves that they use; the others come as ``TapePage``.
        at_least: There was no time to count them all.
    """

    what: Literal["tensors", "nodes", "shapes", "saved", "hooks", "values", "names"]
    count: int
    at_least: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One frame of one stop.

    Attributes:
        stop: The process's stop number, from 1.
        thread: The debugger's id of the thread; the operating system's where there is no debugger.
        depth: 0 for the innermost frame of the stopped thread.
        site: Where the frame stands.
        grad_mode: Whether grad mode is on in the thread.
        inference_mode: Whether inference mode is on in the thread.
        lines: How finely the nodes' sites and modules are known.
        capture_us: What taking it cost the program, microseconds.
        storage_bytes: One entry a storage.
    """

    kind: Literal["snapshot"]
    stop: int
    thread: int
    depth: int
    site: Site
    torch: str
    grad_mode: bool
    inference_mode: bool
    lines: LinesState
    capture_us: int
    strings: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    sites: tuple[Site, ...]
    storage_bytes: tuple[int, ...]
    statistics: StatisticsColumns
    tensors: TensorColumns
    nodes: NodeColumns
    edges: EdgeColumns
    saved: SavedColumns
    hooks: HookColumns
    backward: Backward
    memory: Memory
    left_out: tuple[LeftOut, ...]
