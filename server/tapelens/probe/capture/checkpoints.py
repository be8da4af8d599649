"""What a checkpoint will compute again from, seen through the hook that it packed tensors with."""

from __future__ import annotations

from typing import Any

_CHECKPOINT = "torch.utils.checkpoint"
_FAITHFUL = "torch.autograd.graph"
"""Its ``save_on_cpu`` gives back what it was given."""


def is_faithful(unpack_hook: object) -> bool:
    """The hook is PyTorch's own and always gives back what was packed."""
    return getattr(unpack_hook, "__module__", None) == _FAITHFUL


def inputs_kept(unpack_hook: object) -> list[Any]:
    """The saved inputs of the checkpoint that the hook belongs to; empty for any other hook.

    Source:
        ``torch/utils/checkpoint.py``: ``_checkpoint_hook`` closes over its ``_CheckpointFrame``, which
        keeps the inputs as saved tensors of its own and unpacks them first.
    """
    for _ in range(2):  # a hook with a callback for errors closes over the real one
        held = _closure(unpack_hook)
        if "frame" in held:
            kept = getattr(held["frame"], "saved_args", None)
            return [each for each in kept if type(each).__name__ == "SavedTensor"] if type(kept) is list else []
        unpack_hook = held.get("unpack_hook")
    return []


def _closure(function: object) -> dict[str, Any]:
    if getattr(function, "__module__", None) != _CHECKPOINT:
        return {}
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    cells = getattr(function, "__closure__", None) or ()
    held: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        try:
            held[name] = cell.cell_contents
        except ValueError:  # not yet filled
            continue
    return held
