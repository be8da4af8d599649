"""What a custom ``autograd.Function``'s backward does with what was saved, told from its code."""

from __future__ import annotations

import dis
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any, Literal

from .inside import class_attribute

_SAVED = frozenset(("saved_tensors", "saved_variables"))
_ATTRIBUTE_OPS = frozenset(("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR"))


def reads_saved(kind: type) -> Literal["yes", "no", "maybe"]:
    """Whether the backward of this node type asks for ``ctx.saved_tensors``, which raises once they are freed.

    A freed node does not say whether it ever saved anything. ``maybe``: it asks behind a condition or in a
    function inside, or the context goes on to code that is not looked at.
    """
    forward: Any = class_attribute(kind, "_forward_cls")
    if forward is not None and (
        class_attribute(forward, "_aot_id") is not None or forward.__module__ == "torch.utils.checkpoint"
    ):
        return "yes"  # torch's own: their helpers read them, or they do after a check that does not fail
    code = _code_of_backward(kind)
    if code is None:
        return "maybe"
    if _asks_first(code):
        return "yes"
    if _SAVED & _names_in(code):
        return "maybe"
    return "maybe" if _hands_on(code) else "no"


def _asks_first(code: CodeType) -> bool:
    """Whether it asks before any condition, loop or return."""
    for step in dis.get_instructions(code):
        if step.opname in _ATTRIBUTE_OPS and str(step.argval) in _SAVED:
            return True
        if step.opname.startswith(("POP_JUMP", "JUMP_IF", "FOR_ITER", "RETURN", "RAISE", "SETUP", "SEND")):
            return False
    return False


def _code_of_backward(kind: type) -> CodeType | None:
    forward: Any = class_attribute(kind, "_forward_cls")
    backward: Any = None if forward is None else class_attribute(forward, "backward")
    if type(backward) is staticmethod:
        backward = backward.__func__
    for _ in range(8):  # once_differentiable and the like
        if type(backward) is not FunctionType:  # an object of the user's: asking it runs its code
            return None
        backward = vars(backward).get("__wrapped__", backward)
    code = backward.__code__
    return code if type(code) is CodeType else None


def runs_backward(kind: type) -> bool:
    """Whether the backward of this node type runs a backward of its own, as a reentrant checkpoint's does."""
    code = _code_of_backward(kind)
    return code is not None and "backward" in _names_in(code)


def _names_in(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            names |= _names_in(constant)
    return names


def _hands_on(code: CodeType) -> bool:
    """Whether the first argument is used other than for an attribute of it."""
    if not code.co_varnames or code.co_varnames[0] in code.co_cellvars:
        return True
    context = code.co_varnames[0]
    steps = list(dis.get_instructions(code))
    for step, following in pairwise(steps):
        loaded = step.argval if type(step.argval) is tuple else (step.argval,)
        if not step.opname.startswith("LOAD_FAST") or context not in loaded:
            continue
        if loaded[-1] != context or following.opname not in _ATTRIBUTE_OPS:
            return True
    return False
