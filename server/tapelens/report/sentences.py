"""What a newcomer should read of a tensor, and of the backward that is about to run.

Worded here once for the terminal, the panel and hovers.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..store.rows import HookRow, NodeRow, TensorRow, node_rows, tensor_rows
from ..wire.panel import TensorSentence
from ..wire.snapshot import Backward, RaiseReason, Snapshot
from .behind import LEAVES_NAMED, Behind
from .wording import counted, listed, place, size, values

LEAVES_WORTH_NAMING = 3

FLOATING = ("float", "bfloat", "complex", "half", "double")
"""How the dtypes begin that can require grad."""


@dataclass(frozen=True)
class _Scene:
    """One snapshot, as its sentences need it."""

    snapshot: Snapshot
    tensors: list[TensorRow]
    nodes: list[NodeRow]
    behind: Behind

    @property
    def backward(self) -> Backward:
        return self.snapshot.backward

    @property
    def root(self) -> str:
        """What the foreseen backward starts from, as a person would say it; empty without one."""
        return root_name(self.snapshot, self.tensors)

    @property
    def call(self) -> str:
        """The backward that is meant: as it would be written, or in words where nothing is meant yet."""
        if not self.root:
            return "the next backward"
        return f"a backward from {self.root}" if self.backward.chosen_by == "all" else f"{self.root}.backward()"

    def begin(self, rest: str) -> str:
        """A sentence that begins with the call."""
        call = self.call if self.call.endswith(")") else _sentence_case(self.call)
        return f"{call} {rest}"

    def node_of(self, tensor: TensorRow) -> NodeRow | None:
        return self.nodes[tensor.grad_fn] if tensor.grad_fn is not None and tensor.grad_fn < len(self.nodes) else None


def tensor_sentences(snapshot: Snapshot) -> tuple[TensorSentence, ...]:
    """One for each tensor that a name of the frame reaches."""
    tensors = tensor_rows(snapshot)
    scene = _Scene(snapshot, tensors, node_rows(snapshot), Behind(snapshot, tensors))
    return tuple(_sentence(scene, tensor) for tensor in tensors if tensor.in_frame)


def root_name(snapshot: Snapshot, tensors: list[TensorRow]) -> str:
    """What the foreseen backward starts from: as the line writes it, else the tensor's name, else empty."""
    backward = snapshot.backward
    if backward.expression:
        return backward.expression
    return tensors[backward.root].name if 0 <= backward.root < len(tensors) else ""


def _sentence(scene: _Scene, tensor: TensorRow) -> TensorSentence:
    if tensor.is_leaf is None or tensor.requires_grad is None:
        title, text, advice = _unread(scene, tensor)
    elif tensor.row == scene.backward.root and scene.backward.will_raise is not None and _is_written(scene):
        title, text, advice = _doomed(scene, tensor)
    elif not tensor.requires_grad:
        title, text, advice = _outside(tensor)
    elif tensor.is_leaf:
        title, text, advice = _leaf_with_grad(scene, tensor) if tensor.grad == "held" else _leaf(scene, tensor)
    elif tensor.retains_grad:
        title, text, advice = _keeper(scene, tensor)
    else:
        title, text, advice = _passer(scene, tensor)
    sentences = " ".join(part for part in (text, _hooked(scene, tensor.hooks)) if part)
    return TensorSentence(tensor=tensor.row, title=title, text=sentences, advice=advice)


def _is_written(scene: _Scene) -> bool:
    """The line about to run is the backward that is meant, not just one that could be called."""
    return scene.backward.chosen_by == "line"


def _unread(scene: _Scene, tensor: TensorRow) -> tuple[str, str, str]:
    title = f"Why is part of {tensor.name} not shown?"
    if not tensor.is_view:
        return title, f"{_sentence_case(tensor.not_shown or 'It could not be read without disturbing it')}.", ""
    base = scene.tensors[tensor.base] if tensor.base is not None and tensor.base < len(scene.tensors) else None
    text = (
        f"{tensor.name} is a view, and the memory that it looks at was changed in place since it was made. "
        "Asking PyTorch for its grad_fn now would build a new node and could change your gradients, so nobody asks."
    )
    return title, text, f"Look at {base.name}, which it is a view of." if base is not None else ""


_REMEDIES: dict[RaiseReason, str] = {
    "freed": "Compute {name} again before this line, or pass retain_graph=True to the backward before it.",
    "changed": "Replace the in-place operation by one that makes a new tensor, or do it after backward.",
    "detached": "Use detach(), which makes a new tensor, in place of detach_().",
    "no_path": "Find where requires_grad was lost: detach(), .item(), .numpy(), torch.no_grad() or a new tensor.",
    "not_scalar": "Reduce {name} to one number, as with .sum() or .mean(), or pass gradient=.",
    "gradient": "Give a gradient of {name}'s own shape and kind.",
    "input": "Ask only for tensors that require grad: call requires_grad_() before they are used.",
    "unused": "Leave that input out, or pass allow_unused=True to get None for it.",
    "no_derivative": "Replace that operation, or detach() what goes into it.",
    "moved": "Do not write in place to a leaf that a graph still uses; compute {name} again after it.",
    "checkpoint": "Pass use_reentrant=False to torch.utils.checkpoint.checkpoint.",
}


def _doomed(scene: _Scene, tensor: TensorRow) -> tuple[str, str, str]:
    will_raise = scene.backward.will_raise
    assert will_raise is not None
    title = f"Can {scene.call} run again?" if will_raise.reason == "freed" else f"Why will {scene.call} raise?"
    return title, will_raise.message, _REMEDIES[will_raise.reason].format(name=tensor.name)


def _outside(tensor: TensorRow) -> tuple[str, str, str]:
    name = tensor.name
    title = f"Does {name} take part in backward?"
    if tensor.type_name == "Parameter":
        where = f" of {tensor.module}" if tensor.module else ""
        text = f"No: {name} is a parameter{where} that is frozen (requires_grad is False), so backward skips it."
        return title, text, f"To train it, call {name}.requires_grad_() before the forward pass."
    text = f"No: {name} does not require grad, so PyTorch computes no gradient for it."
    if tensor.dtype is not None and not tensor.dtype.startswith(FLOATING):
        return title, f"{text} A tensor of {tensor.dtype} cannot: only floating point and complex ones can.", ""
    return title, text, f"To get its gradient, call {name}.requires_grad_() before it is used."


def _leaf(scene: _Scene, tensor: TensorRow) -> tuple[str, str, str]:
    name = tensor.name
    title = f"Why is {name}.grad None?"
    if tensor.grad == "not_read":
        return f"What is in {name}.grad?", f"{_sentence_case(tensor.not_shown or 'It was not read')}.", ""
    match tensor.backward_effect:
        case "new":
            return title, f"No backward has reached {name} yet. It is a leaf: {scene.call} will fill {name}.grad.", ""
        case "untouched" if scene.root:
            text = f"{name} is a leaf, but {scene.root} was not computed from it: {scene.call} does not reach it."
            return title, text, f"Use {name} in the computation of {scene.root} if it should learn."
        case "unknown" if scene.backward.will_raise is not None:
            return title, f"No backward has reached {name} yet, and {scene.call} will raise before it is done.", ""
        case _:
            text = (
                f"No backward has reached {name} yet. It is a leaf: a backward through what uses it fills {name}.grad."
            )
            return title, text, ""


def _leaf_with_grad(scene: _Scene, tensor: TensorRow) -> tuple[str, str, str]:
    name = tensor.name
    holds = f"{name}.grad already holds a gradient ({values(tensor.grad_statistics, tensor.grad_shape)})"
    if tensor.grad_statistics is None:
        holds = f"{name}.grad already holds a gradient"
    if tensor.backward_effect == "added":
        clear = f"{tensor.optimizer}.zero_grad()" if tensor.optimizer else f"{name}.grad = None"
        text = f"{holds}, and backward never clears it: {scene.call} will add to it."
        return f"What happens to {name}.grad next?", text, f"If that is not meant, clear it first: {clear}."
    text = f"{holds}: the sum of all that the backwards so far brought to this leaf since it was last cleared."
    if tensor.backward_effect == "untouched" and scene.root:
        text += " " + scene.begin("does not reach it.")
    return f"What is in {name}.grad?", text, ""


def _keeper(scene: _Scene, tensor: TensorRow) -> tuple[str, str, str]:
    name = tensor.name
    if tensor.grad == "held":
        text = f"{name} is not a leaf, but {name}.retain_grad() was called: it kept the gradient that passed."
        if tensor.backward_effect == "added":
            text += " " + scene.begin("will add to it.")
        return f"What is in {name}.grad?", text, ""
    text = f"No backward has passed {name} yet. {name}.retain_grad() was called, so it will keep its gradient."
    return f"Why is {name}.grad None?", text, ""


def _passer(scene: _Scene, tensor: TensorRow) -> tuple[str, str, str]:
    name = tensor.name
    text = f"{name} is not a leaf, so backward passes its gradient on{_towards(scene, tensor)} and does not keep it."
    node = scene.node_of(tensor)
    if node is not None and node.state == "freed":
        text += " Its graph has been run backward already, which freed what it had saved."
    return f"Why is {name}.grad None?", text, f"To keep it, call {name}.retain_grad() before {scene.call}."


def _towards(scene: _Scene, tensor: TensorRow) -> str:
    if tensor.grad_fn is None:
        return ""
    leaves = scene.behind.leaves(tensor.grad_fn)
    names = [leaf.name for leaf in leaves if leaf.names]
    if names and len(leaves) == len(names) <= LEAVES_WORTH_NAMING:
        return f" to {listed(names)}"
    if names:
        return f" to {names[0]} and other leaves"
    return f" to {counted(len(leaves), 'leaf') if len(leaves) == 1 else 'the leaves'}" if leaves else ""


def _hooked(scene: _Scene, hooks: tuple[HookRow, ...]) -> str:
    if not hooks:
        return ""
    beside = scene.snapshot.site.path
    names = [f"{hook.name} ({place(hook.site, beside=beside)})" if hook.site else hook.name for hook in hooks]
    verb = "runs" if len(hooks) == 1 else "run"
    noun = "hook" if len(hooks) == 1 else "hooks"
    return f"Its {noun} {listed(names)} {verb} when that gradient arrives."


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


# The backward foreseen ------------------------------------------------------------------------------------------------


def forecast(snapshot: Snapshot) -> str:
    """What backward will do, in one or two sentences; empty when there is no graph."""
    backward = snapshot.backward
    if backward.will_raise is not None:
        return backward.will_raise.message
    if not snapshot.nodes.key:
        return ""
    tensors = tensor_rows(snapshot)
    root = root_name(snapshot, tensors)
    start = {
        "line": f"{root}.backward() will" if root else "This backward will",
        "newest_scalar": f"{root}.backward() would",
        "all": f"A backward from {root} would" if root else "A backward from every root would",
    }[backward.chosen_by]
    parts: list[str] = []
    for effect, verb in (("new", "fill"), ("added", "add to")):
        if changed := [each for each in tensors if each.backward_effect == effect]:
            parts.append(f"{verb} {_grads(changed)}")
    if not parts and any(each.backward_effect == "unknown" for each in tensors):
        parts.append("run; what it does to .grad cannot be told before")
    first = f"{start} {' and '.join(parts) or 'change no .grad'}."
    doubt = f" Whether it raises cannot be told for certain: {backward.doubt}." if backward.doubt is not None else ""
    return f"{first} {_cost(backward)}".rstrip() + doubt


def _grads(tensors: list[TensorRow]) -> str:
    named = [f"{each.name}.grad" for each in tensors if each.names]
    if len(named) == len(tensors):
        return listed(named)
    return f"the .grad of {counted(len(tensors), 'tensor')}"


def _cost(backward: Backward) -> str:
    parts: list[str] = []
    if backward.retains:
        parts.append("keeps the graph for another backward")
    elif backward.nodes_freed:
        amount = f" ({size(backward.bytes_freed)})" if backward.bytes_freed else ""
        parts.append(f"frees what {counted(backward.nodes_freed, 'node')} saved{amount}")
    if backward.hooks:
        parts.append(f"runs {counted(len(backward.hooks), 'hook')}")
    return f"It {listed(parts)}." if parts else ""


assert LEAVES_WORTH_NAMING <= LEAVES_NAMED
