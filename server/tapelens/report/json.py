"""A run as one JSON object: a projection of snapshots, gradients and findings for programs to read.

The object::

    {"findings": [FINDING: see report/findings_json.py],
     "stops": [STOP], "uncaught": [{"type", "message", "path", "line", "function", "stop"}],
     "sessions": [{"session", "label", "parent": the session of the process that started this one, or null,
                   "pid", "rank", "local_rank"}],
     "exit_code": the program's own, negative for the signal that killed it, or null,
     "notes": [sentences that the text format would say]}

    STOP = {"session", "stop", "reason", "path", "line", "hit": which time it stood there, "function",
            "tensors": [TENSOR], "graph": {"nodes": [NODE], "edges": [{"from", "to", "input_nr"}],
            "lines": "every_line" when a node's line made it, "module_calls" when it called the module
            that did, or "off"},
            "backward": {"root", "chosen_by", "will_raise", "nodes_freed", …}, "ran": null or
            RAN, the backward that followed, "gradients": [FLOW], "left_out": [{"what", "count", "why"}],
            "memory": MEMORY, "not_shown": null, or why there is no snapshot}

    MEMORY = {"parameters", "buffers", "gradients", "optimizer", "kept": bytes of each, a storage once,
              "kept_by": [{"path", "line", "function", "module", "nodes", "storages", "bytes"}],
              "packed": saved tensors that hooks packed, "not_shown": others of unknown bytes,
              "devices": [{"device", "allocated", "reserved", "peak"}],
              "keepers": [{"path", "first", "last", "kind", "function", "tensors", "steps",
              "nodes", "bytes", "at_least", "node": the first tensor's grad_fn, its key, "message"}]}

    RAN = {"path", "line", "function": the line that called it, "call": its serial, "raised", "left_out",
           "not_shown", "first_nonfinite": null or {"node", "name", "position": of the edge, "nan", "inf",
           "hook", "module", "path", "line", "function", "message"}, "hooked": [{"node", "output_nr",
           "where", "before": NUMBERS or null, "after", "changed": true, false or null for unknown}]}

    TENSOR = {"name", "names", "shape", "dtype", "device", "is_leaf", "requires_grad", "retains_grad",
              "grad_fn": the node's type, "grad_fn_node": its key, "version", "backward_effect",
              "grad": {"shape", NUMBERS} or null, "grad_state", "hooks", …}

``from``, ``to`` and ``key`` are node keys, good for the whole process. ``gradients`` are those that
flowed in the program's own backward after the stop, if the stop's graph holds the node: by edge,
``{"edge": {"from", "to", "input_nr"}, "shape", NUMBERS}``; by name, the sum that arrived at a named
tensor, ``{"tensor": name, "shape", NUMBERS}``, with ``"grad"`` for a leaf: what its ``.grad`` then was.
NUMBERS are ``"norm", "min", "max", "mean", "nan", "inf", "values"`` (the first ones), absent
where values were not read; NaN and infinities are the words ``"nan"``, ``"inf"``, ``"-inf"``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..store.rows import (
    HookRow,
    NodeRow,
    TensorRow,
    edge_gradient_rows,
    leaf_gradient_rows,
    node_gradient_rows,
    node_rows,
    tensor_rows,
)
from ..store.sessions import SessionInfo, StopSettled
from ..wire.findings import Finding
from ..wire.gradients import Gradients
from ..wire.processes import Uncaught
from ..wire.snapshot import Backward, Snapshot
from .carry import gradients_after
from .findings_json import finding_object
from .memory_json import memory_object
from .ran_json import NOWHERE, measured, ran_object, shape_list, site_object

Json = dict[str, Any]


@dataclass
class Run:
    """All that a run showed.

    Attributes:
        sessions: By their ids: the program's own, and those of the processes that it started.
        gradients: By session.
        exit_code: The program's own, None when it is unknown.
        notes: Sentences on what went otherwise than asked.
    """

    sessions: dict[str, SessionInfo] = field(default_factory=dict[str, SessionInfo])
    stops: list[StopSettled] = field(default_factory=list[StopSettled])
    gradients: dict[str, list[Gradients]] = field(default_factory=dict[str, list[Gradients]])
    findings: list[Finding] = field(default_factory=list[Finding])
    uncaught: list[Uncaught] = field(default_factory=list[Uncaught])
    exit_code: int | None = None
    notes: list[str] = field(default_factory=list[str])


def run_object(run: Run) -> Json:
    """The object above."""
    hits: Counter[tuple[str, str | None, int]] = Counter()
    stops: list[Json] = []
    for stop in run.stops:
        where = (stop.session, stop.path, stop.line)
        hits[where] += 1
        stops.append(stop_object(stop, run.gradients.get(stop.session, ()), hit=hits[where]))
    return {
        "findings": [finding_object(each) for each in run.findings],
        "stops": stops,
        "sessions": [_session_object(each) for each in run.sessions.values()],
        "uncaught": [_uncaught_object(each) for each in run.uncaught],
        "exit_code": run.exit_code,
        "notes": list(run.notes),
    }


def _session_object(info: SessionInfo) -> Json:
    process = info.process
    return {
        "session": info.session,
        "label": info.label,
        "parent": info.parent,
        "pid": None if process is None else process.pid,
        "rank": None if process is None else process.rank,
        "local_rank": None if process is None else process.local_rank,
    }


def stop_object(stop: StopSettled, gradients: Sequence[Gradients], *, hit: int) -> Json:
    """One stop, the ``hit``-th at its line, with what flowed after it; ``gradients`` are all of its session."""
    head: Json = {
        "session": stop.session,
        "reason": stop.reason,
        "text": stop.text,
        "path": stop.path,
        "line": stop.line,
        "hit": hit,
        "function": stop.function,
    }
    snapshot = stop.snapshot
    if snapshot is None:
        empty: Json = {"stop": None, "tensors": [], "graph": {"nodes": [], "edges": []}, "gradients": [], "ran": None}
        return (
            head
            | empty
            | {
                "backward": None,
                "left_out": [],
                "memory": None,
                "not_shown": "no snapshot was taken",
            }
        )
    tensors = tensor_rows(snapshot)
    nodes = node_rows(snapshot)
    ran = gradients_after(snapshot, gradients)
    return head | {
        "stop": snapshot.stop,
        "path": stop.path or snapshot.site.path,
        "line": stop.line or snapshot.site.line,
        "tensors": [_tensor_object(each, tensors) for each in tensors if each.in_frame],
        "graph": _graph_object(snapshot, nodes, tensors),
        "gradients": [flow for each in ran for flow in _flows(each, snapshot, nodes, tensors)],
        "ran": ran_object(ran[-1], snapshot) if ran else None,
        "backward": _backward_object(snapshot.backward, tensors, nodes),
        "left_out": [asdict(each) for each in snapshot.left_out],
        "memory": memory_object(snapshot, nodes),
        "not_shown": None,
    }


def _tensor_object(tensor: TensorRow, tensors: Sequence[TensorRow]) -> Json:
    held = tensor.grad == "held"
    return {
        "name": tensor.name,
        "names": list(tensor.names),
        "type": tensor.type_name,
        "shape": shape_list(tensor.shape),
        "dtype": tensor.dtype,
        "device": tensor.device,
        "layout": tensor.layout,
        "is_leaf": tensor.is_leaf,
        "requires_grad": tensor.requires_grad,
        "retains_grad": tensor.retains_grad,
        "is_view": tensor.is_view,
        "base": tensors[tensor.base].name if tensor.base is not None and tensor.base < len(tensors) else None,
        "grad_fn": tensor.grad_fn_name,
        "grad_fn_node": tensor.grad_fn_key,
        "output_nr": tensor.output_nr,
        "version": tensor.version,
        "grad": measured(tensor.grad_shape, tensor.grad_statistics) if held else None,
        "grad_state": tensor.grad,
        "value": measured(tensor.shape, tensor.statistics) if tensor.statistics else None,
        "hooks": [_hook_object(each) for each in tensor.hooks],
        "module": tensor.module,
        "optimizer": tensor.optimizer,
        "storage_bytes": tensor.storage_bytes,
        "backward_effect": tensor.backward_effect,
        "not_shown": tensor.not_shown,
    }


def _graph_object(snapshot: Snapshot, nodes: Sequence[NodeRow], tensors: Sequence[TensorRow]) -> Json:
    edges = snapshot.edges
    keys = snapshot.nodes.key
    return {
        "nodes": [
            {
                "key": node.key,
                "name": node.name,
                "sequence": node.sequence,
                "thread": node.thread,
                "path": node.site.path if node.site else None,
                "line": node.site.line if node.site else None,
                "module": node.module,
                "shape": shape_list(node.shape),
                "dtype": node.dtype,
                "device": node.device,
                "leaf": tensors[node.leaf].name if node.leaf is not None and node.leaf < len(tensors) else None,
                "state": node.state,
                "saved_bytes": node.saved_bytes,
                "custom": site_object(node.custom) if node.custom else None,
            }
            for node in nodes
        ],
        "edges": [
            {"from": keys[source], "to": keys[target], "input_nr": input_nr}
            for source, target, input_nr in zip(edges.source, edges.target, edges.input_nr, strict=True)
        ],
        "lines": snapshot.lines,
    }


def _flows(ran: Gradients, snapshot: Snapshot, nodes: Sequence[NodeRow], tensors: Sequence[TensorRow]) -> list[Json]:
    keys = set(snapshot.nodes.key)
    by_edge: list[Json] = [
        {
            "edge": {"from": edge.source, "to": edge.target, "input_nr": edge.input_nr},
            **measured(edge.shape, edge.statistics),
        }
        for edge in edge_gradient_rows(ran)
        if edge.source in keys and edge.target in keys
    ]
    after = {leaf.key: leaf for leaf in leaf_gradient_rows(ran)}
    names: dict[tuple[int, int], list[TensorRow]] = {}
    for tensor in tensors:
        if tensor.names and tensor.node is not None and tensor.node < len(nodes):
            names.setdefault((nodes[tensor.node].key, tensor.output_nr), []).append(tensor)
    by_name: list[Json] = []
    for arrived in node_gradient_rows(ran):
        for tensor in names.get((arrived.key, arrived.output_nr), ()):
            flow = {"tensor": tensor.name, **measured(arrived.shape, arrived.statistics)}
            if leaf := after.get(arrived.key):
                flow["grad"] = None if leaf.shape is None else measured(leaf.shape, leaf.statistics)
                flow["added"] = leaf.was_held
            by_name.append(flow)
    return by_name + by_edge


def _backward_object(backward: Backward, tensors: Sequence[TensorRow], nodes: Sequence[NodeRow]) -> Json:
    will_raise = backward.will_raise
    return {
        "root": backward.expression or (tensors[backward.root].name if 0 <= backward.root < len(tensors) else None),
        "chosen_by": backward.chosen_by,
        "will_raise": None
        if will_raise is None
        else {
            "reason": will_raise.reason,
            "message": will_raise.message,
            "node": nodes[will_raise.node].key if 0 <= will_raise.node < len(nodes) else None,
            "freed_by": site_object(will_raise.freed_by) if will_raise.freed_by else None,
        },
        "retains": backward.retains,
        "doubt": backward.doubt,
        "nodes_freed": backward.nodes_freed,
        "bytes_freed": backward.bytes_freed,
        "hooks": len(backward.hooks),
    }


def _uncaught_object(uncaught: Uncaught) -> Json:
    where = site_object(uncaught.site) if uncaught.site else NOWHERE
    return {"type": uncaught.type_name, "message": uncaught.message, **where, "stop": uncaught.stop}


def _hook_object(hook: HookRow) -> Json:
    return {
        "name": hook.name,
        "kind": hook.kind,
        "path": hook.site.path if hook.site else None,
        "line": hook.site.line if hook.site else None,
    }
