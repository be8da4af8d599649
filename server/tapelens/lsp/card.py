"""What a hover says of one tensor, or of something that holds tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..report.flowed import nonfinite_sentence
from ..report.memory import keeper_sentences
from ..report.sentences import forecast, tensor_sentences
from ..report.wording import counted, place, size, values
from ..store.hooked import hooked_gradient_rows
from ..store.rows import HookRow, Shape, TensorRow, node_gradient_rows, tensor_rows
from ..wire.gradients import Gradients
from ..wire.panel import TensorSentence
from ..wire.snapshot import BackwardEffect, HookKind, Snapshot
from .expressions import canonical
from .markup import Markup

HELD_SHOWN = 12
"""Tensors that the card of a module or a container names."""

_EFFECT: dict[BackwardEffect, str] = {
    "new": "makes its .grad",
    "added": "adds to the .grad that it has",
    "untouched": "does not reach it",
    "dropped": "computes its gradient and keeps none",
    "unknown": "cannot be foreseen for it",
}

_HOOK_KIND: dict[HookKind, str] = {
    "tensor_pre": "on its gradient",
    "post_accumulate": "after its .grad was added to",
    "node_pre": "before its grad_fn runs",
    "node_post": "after its grad_fn has run",
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a snapshot says in words; 25 ms for one of 4,000 nodes, so it is read once.

    Attributes:
        by_name: Tensors by each of their names, as ``canonical`` spells them.
        sentences: By tensor row.
        keepers: What is said of a name that keeps old graphs alive, spelled as in ``by_name``.
        forecast: What backward will do; empty without a graph.
    """

    snapshot: Snapshot
    tensors: Sequence[TensorRow]
    by_name: Mapping[str, TensorRow]
    sentences: Mapping[int, TensorSentence]
    keepers: Mapping[str, str]
    forecast: str


def read_facts(snapshot: Snapshot) -> Facts:
    """Look through a snapshot."""
    tensors = tensor_rows(snapshot)
    return Facts(
        snapshot=snapshot,
        tensors=tensors,
        by_name={canonical(name) or name: tensor for tensor in tensors for name in tensor.names},
        sentences={each.tensor: each for each in tensor_sentences(snapshot)},
        keepers=_keepers(snapshot),
        forecast=forecast(snapshot),
    )


def _keepers(snapshot: Snapshot) -> dict[str, str]:
    said: dict[str, str] = {}
    for sentence in keeper_sentences(snapshot):
        path = snapshot.memory.keepers[sentence.keeper].path
        said.setdefault(canonical(path) or path, f"{sentence.text} {sentence.advice}")
    return said


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A stop that a card speaks of, and what has flowed in the session since.

    Attributes:
        gradients: The session's, oldest first.
        now: Where the program stands now, in words; empty when it is at this stop.
    """

    facts: Facts
    gradients: Sequence[Gradients]
    now: str


def card(seen: Seen, chain: Sequence[str], markup: Markup) -> str | None:
    """What is known of the longest part of the chain that the stop knows.

    The chain goes from the name alone to the whole (``expressions.Pointed``). An attribute of a
    tensor, such as ``.grad`` or ``.backward``, shows the tensor.
    """
    by_name = seen.facts.by_name
    whole = chain[-1]
    held = {name: tensor for name, tensor in by_name.items() if name.startswith((f"{whole}.", f"{whole}["))}
    if whole not in by_name and held:
        return _card_of_holder(seen, whole, held, markup)
    for name in reversed(chain):
        if name in by_name:
            return _card_of_tensor(seen, name, by_name[name], markup)
    return None


def _card_of_tensor(seen: Seen, name: str, tensor: TensorRow, markup: Markup) -> str:
    parts = [_headline(name, tensor, markup)]
    sentence = seen.facts.sentences.get(tensor.row)
    if sentence is not None:
        parts.append(_said(sentence, markup))
    parts.append(markup.prose(seen.facts.keepers.get(name, "")))
    parts.append("\n".join(markup.item(f"{markup.prose(what)}: {text}") for what, text in _facts(seen, tensor, markup)))
    if sentence is None or seen.facts.forecast not in sentence.text:
        parts.append(markup.prose(seen.facts.forecast))
    parts.append(_footer(seen, markup))
    return "\n\n".join(part for part in parts if part)


def _headline(name: str, tensor: TensorRow, markup: Markup) -> str:
    """``y1 · Tensor (10, 2) float32 cpu · non-leaf · requires_grad · grad_fn MulBackward0 · version 0``."""
    kind = " ".join(
        part for part in (tensor.type_name, _shape(tensor.shape), tensor.dtype, tensor.device) if part is not None
    )
    words = [markup.code(name), markup.prose(kind)]
    if tensor.is_leaf is not None:
        words.append("leaf" if tensor.is_leaf else "non-leaf")
    if tensor.requires_grad is not None:
        words.append(markup.prose("requires_grad" if tensor.requires_grad else "no requires_grad"))
    if tensor.retains_grad:
        words.append(markup.prose("retains_grad"))
    if tensor.grad_fn_name is not None:
        words.append(f"{markup.prose('grad_fn')} {markup.code(tensor.grad_fn_name)}")
    if tensor.version is not None:
        words.append(f"version {tensor.version}")
    return " · ".join(words)


def _said(sentence: TensorSentence, markup: Markup) -> str:
    told = " ".join(part for part in (sentence.text, sentence.advice) if part)
    return f"{markup.strong(sentence.title)} {markup.prose(told)}"


def _facts(seen: Seen, tensor: TensorRow, markup: Markup) -> Iterator[tuple[str, str]]:
    """A label and its text, written in ``markup`` already."""
    if tensor.statistics is not None:
        yield "value", markup.prose(values(tensor.statistics, tensor.shape))
    yield from _gradient_facts(seen, tensor, markup)
    for hook in tensor.hooks:
        yield "hook", _hook(hook, markup)
    for what, name in (("module", tensor.module), ("optimizer", tensor.optimizer)):
        if name is not None:
            yield f"held by {what}", markup.code(name)
    if tensor.is_view:
        yield "view of", _base(seen, tensor, markup)
    if tensor.storage_bytes is not None:
        yield "storage", markup.prose(size(tensor.storage_bytes))
    if tensor.not_shown is not None:
        yield "not shown", markup.prose(tensor.not_shown)


def _gradient_facts(seen: Seen, tensor: TensorRow, markup: Markup) -> Iterator[tuple[str, str]]:
    if tensor.grad == "held":
        yield ".grad", markup.prose(f"{_shape(tensor.grad_shape)} {values(tensor.grad_statistics, tensor.grad_shape)}")
    elif tensor.requires_grad:
        yield ".grad", "None" if tensor.grad == "none" else "not read"
    for label, flowed in _flowed(seen, tensor):
        yield label, markup.prose(flowed)
    backward = seen.facts.snapshot.backward
    if tensor.requires_grad and backward.root >= 0 and backward.will_raise is None:
        yield f"{backward.expression}.backward()", markup.prose(_EFFECT[tensor.backward_effect])


def _flowed(seen: Seen, tensor: TensorRow) -> Iterator[tuple[str, str]]:
    """What arrived at a non-leaf's node in the latest backward that ran it, and what became of it there."""
    key = tensor.grad_fn_key
    ran = next((each for each in reversed(seen.gradients) if key in each.nodes.key), None)
    if key is None or ran is None:
        return
    for hooked in hooked_gradient_rows(ran):
        if (hooked.key, hooked.output_nr, hooked.where) == (key, tensor.output_nr, "tensor") and hooked.changed:
            yield "gradient before its hooks", values(hooked.before, tensor.shape)
    for row in node_gradient_rows(ran):
        if (row.key, row.output_nr) == (key, tensor.output_nr):
            yield "gradient of the last backward", values(row.statistics, row.shape)
    if ran.first_nonfinite is not None and ran.first_nonfinite.key == key:
        yield "first not finite", nonfinite_sentence(ran, seen.facts.snapshot)


def _hook(hook: HookRow, markup: Markup) -> str:
    where = f", {place(hook.site)}" if hook.site is not None else ""
    return f"{markup.code(hook.name)} {markup.prose(_HOOK_KIND[hook.kind] + where)}"


def _base(seen: Seen, tensor: TensorRow, markup: Markup) -> str:
    if tensor.base is None or tensor.base >= len(seen.facts.tensors):
        return markup.prose("a tensor that no name of the frame reaches")
    return markup.code(seen.facts.tensors[tensor.base].name)


def _card_of_holder(seen: Seen, name: str, held: dict[str, TensorRow], markup: Markup) -> str:
    """A module, an optimizer or a container: what tensors it reaches."""
    lines = [markup.item(_headline(each, tensor, markup)) for each, tensor in list(held.items())[:HELD_SHOWN]]
    if (more := len(held) - len(lines)) > 0:
        lines.append(markup.item(f"{more} more"))
    storages = {tensor.storage: tensor.storage_bytes or 0 for tensor in held.values()}
    title = f"{markup.code(name)} · {counted(len(held), 'tensor')} · {markup.prose(size(sum(storages.values())))}"
    kept = markup.prose(seen.facts.keepers.get(name, ""))
    return "\n\n".join(part for part in (title, kept, "\n".join(lines), _footer(seen, markup)) if part)


def _footer(seen: Seen, markup: Markup) -> str:
    """Which stop the card speaks of."""
    snapshot = seen.facts.snapshot
    function = snapshot.site.function
    where = place(snapshot.site) if function == "<module>" else f"{place(snapshot.site)} in {function}"
    return markup.prose(f"Seen at stop {snapshot.stop}, {where}. {seen.now}".strip())


def _shape(dimensions: Shape | None) -> str:
    """As Python writes ``tuple(x.shape)``."""
    return "(shape not shown)" if dimensions is None else str(tuple(dimensions))
