"""Tensors, tape and gradients of a stop as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from ..store.hooked import hooked_gradient_rows
from ..store.rows import (
    NodeRow,
    Statistics,
    TensorRow,
    edge_gradient_rows,
    kept_rows,
    leaf_gradient_rows,
    node_gradient_rows,
    node_rows,
    tensor_rows,
)
from ..wire.gradients import Gradients
from ..wire.snapshot import Snapshot
from . import wording
from .graph import Labels, groups, nexts
from .wording import counted, printable, size

ROWS_SHOWN = 40
"""Rows of one table; more are counted in a last line."""

KEPT_SHOWN = 5
"""Rows of the table of what is kept."""

NARROW = 100
"""Columns below which a table drops what is the same in each row."""

EFFECTS = {"new": "fills .grad", "added": "adds to .grad", "untouched": "-", "dropped": "passes on", "unknown": "?"}
EFFECT_STYLES = {"new": "green", "added": "yellow", "dropped": "dim", "untouched": "dim", "unknown": "yellow"}
STATES = {"saves_nothing": "", "alive": "", "freed": "freed", "unknown": "?"}


def tensor_table(snapshot: Snapshot, *, width: int) -> Table:
    """One row a tensor of the frame."""
    rows = [each for each in tensor_rows(snapshot) if each.in_frame]
    kinds = {(each.dtype, each.device) for each in rows}
    same = len(kinds) == 1 and width < NARROW
    table = _table("tensor", "shape", *(() if same else ("dtype", "device")), "leaf")
    for heading in ("requires_grad", ".grad", "grad_fn", "backward"):
        table.add_column(heading, overflow="fold" if heading == "grad_fn" else "ellipsis")
    for tensor in rows[:ROWS_SHOWN]:
        kind = () if same else (_cell(tensor.dtype), _cell(tensor.device))
        table.add_row(
            Text(printable(", ".join(tensor.names)), style="bold"),
            wording.shape(tensor.shape),
            *kind,
            _flag(tensor.is_leaf),
            _flag(tensor.requires_grad),
            _grad(tensor),
            _cell(tensor.grad_fn_name) if tensor.grad_fn_name else Text("-", style="dim"),
            Text(EFFECTS[tensor.backward_effect], style=EFFECT_STYLES[tensor.backward_effect]),
        )
    _say_rest(table, len(rows), "tensor")
    if same and rows:
        dtype, device = next(iter(kinds))
        table.caption = printable(f"all {dtype} on {device}")
        table.caption_justify = "left"
    return table


def kept_table(snapshot: Snapshot) -> Table | None:
    """Where most of what is kept for backward was made; None when no line or module is known."""
    rows = kept_rows(snapshot)
    if all(row.site is None and row.module is None for row in rows):
        return None
    with_modules = any(row.module for row in rows)
    table = _table("kept by", *(["module"] if with_modules else []), "nodes", "bytes")
    for row in rows[:KEPT_SHOWN]:
        module = [Text(printable(row.module or ""), style="dim")] if with_modules else []
        where = wording.place(row.site, beside=snapshot.site.path) if row.site else "line not known"
        table.add_row(printable(where), *module, f"{row.nodes:,}", size(row.size_bytes))
    if rest := rows[KEPT_SHOWN:]:
        left = size(sum(row.size_bytes for row in rest))
        cells = ["", ""] if with_modules else [""]
        table.add_row(Text(f"… {len(rest):,} more", style="dim"), *cells, left)
    return table


def tape_table(snapshot: Snapshot) -> Table:
    """The graph in the order in which it was made; long ones folded by module, or their latest part."""
    nodes = node_rows(snapshot)
    if len(nodes) > ROWS_SHOWN and any(node.module for node in nodes):
        return _folded(nodes)
    labels = Labels(nodes, tensor_rows(snapshot))
    next_rows = nexts(snapshot)
    with_modules = any(node.module for node in nodes)
    with_lines = any(node.site for node in nodes)
    line = "called at" if snapshot.lines == "module_calls" else "line"
    table = _table("#", "node", "tensor", "next", *([line] if with_lines else []), "shape", "saves")
    if earlier := max(0, len(nodes) - ROWS_SHOWN):
        table.add_row("", Text(f"… {counted(earlier, 'earlier node')}", style="dim"))
    for group in groups(nodes[earlier:]) if with_modules else [None]:
        if group is not None:
            table.add_row("", Text(printable(group.module or "outside modules"), style="bold dim"))
        for node in nodes[earlier:] if group is None else group.nodes:
            table.add_row(*_tape_row(node, labels, next_rows.get(node.row, ()), with_line=with_lines))
    return table


def _tape_row(node: NodeRow, labels: Labels, targets: Sequence[int], *, with_line: bool) -> tuple[str | Text, ...]:
    line = (str(node.site.line) if node.site else "",) if with_line else ()
    state = STATES[node.state]
    saved = size(node.saved_bytes) if node.saved_bytes else ""
    return (
        Text(str(node.row + 1), style="dim"),
        Text(printable(node.name), style="cyan" if node.custom else ""),
        Text(printable(labels.tensors(node.row)), style="bold"),
        Text(printable(", ".join(labels.node(target) for target in targets))),
        *line,
        wording.shape(node.shape) if node.shape is not None else "",
        Text(state, style="red") if state else saved,
    )


def _folded(nodes: Sequence[NodeRow]) -> Table:
    table = _table("module", "nodes", "operations", "saves")
    folded = groups(nodes)
    if earlier := max(0, len(folded) - ROWS_SHOWN):
        table.add_row(Text(f"… {counted(earlier, 'earlier group')}", style="dim"))
    for group in folded[earlier:]:
        table.add_row(
            Text(printable(group.module or "outside modules"), style="bold" if group.module else "dim"),
            f"{len(group.nodes):,}",
            printable(group.operations),
            size(group.saved_bytes) if group.saved_bytes else "",
        )
    return table


def arrived_table(ran: Gradients, snapshot: Snapshot) -> Table | None:
    """The gradients that arrived at named tensors, and what the leaves' ``.grad`` became."""
    tensors = tensor_rows(snapshot)
    nodes = node_rows(snapshot)
    after = {leaf.key: leaf for leaf in leaf_gradient_rows(ran)}
    names = {
        (nodes[each.node].key, each.output_nr): each.name
        for each in reversed(tensors)
        if each.names and each.node is not None and each.node < len(nodes)
    }
    rows = [each for each in node_gradient_rows(ran) if (each.key, each.output_nr) in names]
    if not rows:
        return None
    table = _table("tensor", "gradient", "shape", ".grad now")
    for row in rows[:ROWS_SHOWN]:
        now = ""
        if leaf := after.get(row.key):
            now = "None" if leaf.shape is None else wording.values(leaf.statistics, leaf.shape)
            now += " (added to what it held)" if leaf.was_held else ""
        name = Text(printable(names[row.key, row.output_nr]), style="bold")
        table.add_row(name, wording.values(row.statistics, row.shape), wording.shape(row.shape), now)
    _say_rest(table, len(rows), "tensor")
    return table


def flow_table(ran: Gradients, snapshot: Snapshot) -> Table | None:
    """What flowed along each edge of the snapshot's graph, in the order in which it flowed."""
    labels = Labels(node_rows(snapshot), tensor_rows(snapshot))
    keys = set(snapshot.nodes.key)
    rows = [each for each in edge_gradient_rows(ran) if each.source in keys and each.target in keys]
    if not rows:
        return None
    table = _table("from", "to", "gradient", "shape")
    for row in rows[:ROWS_SHOWN]:
        table.add_row(
            Text(printable(labels.by_key(row.source))),
            Text(printable(labels.by_key(row.target))),
            wording.values(row.statistics, row.shape),
            wording.shape(row.shape),
        )
    _say_rest(table, len(rows), "edge")
    return table


HOOKS_WHERE = {
    "tensor": "hooks of the tensor",
    "node_pre": "hooks before the node ran",
    "node_post": "hooks after the node ran",
    "post_accumulate": "hooks after .grad was filled",
}


def hooked_table(ran: Gradients, snapshot: Snapshot) -> Table | None:
    """What the user's hooks were given, and what they left, in the order in which they ran."""
    labels = Labels(node_rows(snapshot), tensor_rows(snapshot))
    keys = set(snapshot.nodes.key)
    rows = [each for each in hooked_gradient_rows(ran) if each.key in keys]
    if not rows:
        return None
    table = _table("hooks", "at", "were given", "left")
    for row in rows[:ROWS_SHOWN]:
        left = "None" if row.after is None and row.changed else _elements(row.after)
        table.add_row(
            HOOKS_WHERE[row.where],
            Text(printable(labels.by_key(row.key))),
            _elements(row.before),
            Text("the same", style="dim") if row.changed is False else Text(left),
        )
    _say_rest(table, len(rows), "gradient")
    return table


def _elements(statistics: Statistics | None) -> str:
    return wording.values(statistics, None if statistics is None or statistics.count == 1 else (statistics.count,))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=True, padding=(0, 2, 0, 0), header_style="dim", collapse_padding=True)
    for heading in headings:
        table.add_column(heading, overflow="ellipsis", no_wrap=heading in {"#", "line", "leaf", "shape", "saves"})
    return table


def _say_rest(table: Table, count: int, noun: str) -> None:
    if count > ROWS_SHOWN:
        table.add_row(Text(f"… {counted(count - ROWS_SHOWN, f'more {noun}')}", style="dim"))


def _cell(text: str | None) -> str | Text:
    return Text("?", style="yellow") if text is None else Text(printable(text))


def _flag(value: bool | None) -> Text:  # noqa: FBT001 (a column's value)
    return Text("?", style="yellow") if value is None else Text("yes") if value else Text("no", style="dim")


def _grad(tensor: TensorRow) -> Text:
    match tensor.grad:
        case "none":
            return Text("None", style="dim")
        case "not_read":
            return Text("-" if tensor.is_leaf is False else "?", style="dim")
        case "held" if tensor.grad_statistics is None:
            return Text(wording.shape(tensor.grad_shape))
        case "held":
            return Text(wording.values(tensor.grad_statistics, tensor.grad_shape))
