"""A graph is run backward a second time although the first run freed it.

What it flags: "Trying to backward through the graph a second time", when nobody catches it. At a
stop whose line is about to do it, it is foreseen.

Why it matters: ``backward()`` frees what the graph saved as it goes, so that memory is not held
twice. The traceback ends inside PyTorch and names neither the tensor that still carries the old graph
nor the line that freed it; the usual advice, ``retain_graph=True``, often hides that a tensor of an
earlier iteration was meant to be detached.

Seen at run time: at the second call. The message names the tensor of your frame that brought the old
graph, and the related line is the backward that freed it.

Seen in the source: two backwards one after the other, or in two rounds of a loop, whose graphs surely
share an operation that saved something, the first without ``retain_graph``: the same root again, a state
carried over, what was computed before the loop. In a ``try`` that catches, it is silent.

What it cannot know: the tensor, when no variable of the frames on the stack reaches the old graph;
the first backward, when it ran before tapelens was there or in a call that it did not walk. An
exception that you catch is yours and is not flagged. A graph that saved nothing runs a second time
without an error, and doubles the gradients.

Example::

    hidden = torch.zeros(1, 8)
    for x in sequence:
        hidden = cell(x, hidden)
        loss = head(hidden).square().mean()
        loss.backward()  # the second time through, hidden still carries the first graph

Use instead::

    for x in sequence:
        hidden = cell(x, hidden.detach())
        loss = head(hidden).square().mean()
        loss.backward()

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html (``retain_graph``:
"If False, the graph used to compute the grads will be freed.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="double-backward",
    severity="error",
    summary="a graph is run backward a second time although the first run freed it",
    runtime="DoubleBackward",
    source="double_backward",
)
