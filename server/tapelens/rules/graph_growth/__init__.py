"""A name of yours holds the graph of every iteration, so that memory grows until it is full.

What it flags: the graphs of earlier iterations live on, more of them with each iteration, and a
variable, an attribute or a container reaches at least three of them: a running total of losses, a list
of losses or outputs, a hidden state that is carried on without ``detach()``.

Why it matters: a tensor that requires a gradient holds its graph: the nodes, and what they saved where no
backward has freed it. ``total += loss`` links each graph to the one before. Memory grows with every
iteration until the process is killed, hours later and at a line that is not at fault.

Seen at run time: as an iteration's first backward begins, once older graphs have become more in four
iterations running; in a program of at least four iterations that ends sooner, when none of its graphs
was ever let go. An iteration lasts from an optimizer's step to its next; without an optimizer, until a
line's backward comes again; where nothing runs backward, until the same module in evaluation mode is called
again. The finding stands at the statement that ties each graph to the name, found in your source, and gives
the name, the number of iterations, nodes and bytes; where no such statement is found, at the backward.

Seen in the source: in a loop that trains, a sum, a list or a state that a later round builds on the
graph of an earlier one, where no later backward runs through it and nothing empties the container; in a
loop that only computes, when grad mode is on and all uses of the value are in sight.

What it cannot know: holders that no name in your running functions, their objects or your modules
leads to; then it is silent. It is silent too about what is bounded: a ``deque(maxlen=…)``, a list that
some statement clears, cuts or pops from, an episode's buffer that is emptied before the next, graphs in
reference cycles until the collector has freed them.

Example::

    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss  # links this graph to all the earlier ones

Use instead::

        total += loss.item()  # a number; or loss.detach(), which does not wait for an accelerator

Source: https://docs.pytorch.org/docs/stable/notes/faq.html ("Don't accumulate history across your
training loop.")
"""

from __future__ import annotations

from ..model import Rule, Threshold

RULE = Rule(
    slug="graph-growth",
    severity="warning",
    summary="the graphs of all earlier iterations are kept alive by a name of yours",
    runtime="GraphGrowth",
    source="graph_growth",
    fix="cut_the_graph",
    thresholds=(
        Threshold(name="iterations", default=4, meaning="Iterations running in which older graphs became more."),
    ),
)
