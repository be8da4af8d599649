"""What of the user's own would run in a preview, which is why it is not done."""

from __future__ import annotations

import sys
from typing import Any

from .codes import callable_name
from .graph import ACCUMULATE_GRAD, Graph, is_custom
from .saved import NodeSaved

_AT_MOST = 5  # sentences


def objections(graph: Graph, saved: list[NodeSaved], rows: list[int]) -> list[str]:
    """One sentence each for what would run code of the user's; empty when nothing would."""
    if _is_running():
        return ["A backward is running on this thread already."]
    if sys.getprofile() is not None:
        return ["A profiler watches this thread, and would see the preview."]
    if getattr(sys.modules.get("torch._dynamo.compiled_autograd"), "compiled_autograd_enabled", False):
        return ["Compiled autograd is on, which would trace the preview into the program."]
    found: dict[str, None] = {}
    for row in reversed(rows):
        for sentence in _of_node(graph, saved[row], row):
            found.setdefault(sentence)
    sentences = list(found)
    if len(sentences) > _AT_MOST:
        return [*sentences[:_AT_MOST], f"And {len(sentences) - _AT_MOST} more of the kind."]
    return sentences


def _of_node(graph: Graph, held: NodeSaved, row: int) -> list[str]:
    node: Any = graph.nodes[row]
    name = graph.names[row]
    found: list[str] = []
    if name == "CheckpointFunctionBackward":
        found.append("A checkpoint (use_reentrant=True) would run its forward again.")
    elif is_custom(node):
        found.append(f"{name} would run a backward of its own in Python.")
    if any(slot.state == "packed" for slot in held.slots):
        found.append(f"What {name} saved was packed by a hook, which would run: of a checkpoint, its forward again.")
    if name != ACCUMULATE_GRAD:  # which does not run: its gradient is taken before it
        found += [f"The hook {hook} on {name} would run." for hook in _hooks_on(node)]
    return found


def _hooks_on(node: Any) -> list[str]:  # noqa: ANN401 (any node)
    """Names of a node's own hooks.

    NOTE [hooks on nodes]: torch tells of them only to who registers one: the handle then holds their
    table. An empty table stays at the node, and runs nothing.
    """
    names: list[str] = []
    for register in (node.register_hook, node.register_prehook):
        handle = register(_nothing)
        try:
            table = handle.hooks_dict_ref() or {}
            names += [callable_name(hook)[0] for hook in list(table.values()) if hook is not _nothing]
        finally:
            handle.remove()
    return names


def _nothing(*_: object) -> None:
    """Stands in a table of hooks for a moment."""


def _is_running() -> bool:
    return sys.modules["torch"]._C._current_graph_task_id() != -1
