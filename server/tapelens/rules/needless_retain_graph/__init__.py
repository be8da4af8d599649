"""retain_graph=True keeps graphs that nothing runs again.

What it flags: calls of ``backward`` or ``autograd.grad`` with a literal ``retain_graph=True`` from one
line, none of whose graphs any later call has used.

Why it matters: ``backward()`` frees what the graph saved as it goes. With ``retain_graph=True`` it all
stays until the last tensor of the graph goes: often a whole iteration longer, and for ever when
something carries the graph on. Most often the flag was put there to silence "Trying to backward through
the graph a second time" and now hides that a tensor of an earlier iteration was meant to be detached.

Seen at run time: each node that such a call ran carries its number, and every graph that is run later is
looked through for it. After five calls whose graphs are gone, or that an optimizer's step has followed, or
two at the end of the program, with none of them found again, it stands at the call.

Seen in the source: a literal ``retain_graph=True`` in a loop, or in a function that is called from
elsewhere, when no backward that follows, in the same round or the next, can reach any of that graph. A
graph that is returned, or handed to a function that is not in the project, may be used.

What it cannot know: whether a graph will be used at a later time, say every hundredth step; where the file
has a backward that has not run yet it waits for fifty calls or the end. It judges literal flags only: a
name or a condition is a decision of yours, and one call for each of several roots in a loop needs the flag
however many there are. It is silent when a graph in between was too large to be looked through, when one
call of the line was used again, and with ``create_graph``. What reads a graph without running it, as
drawings of saved tensors do, is not seen.

Example::

    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward(retain_graph=True)
        optimizer.step()

Use instead::

    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html (``retain_graph``: "in
nearly all cases setting this option to True is not needed and often can be worked around in a much more
efficient way.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="needless-retain-graph",
    severity="warning",
    summary="retain_graph=True keeps graphs that nothing runs again",
    runtime="NeedlessRetainGraph",
    source="needless_retain_graph",
    fix="drop_retain_graph",
)
