"""backward(create_graph=True) makes graphs of gradients that nothing uses, and they are not freed.

What it flags: calls of ``.backward(create_graph=True)`` from one line, none of whose graphs, neither that
which it ran nor that of the gradients which it made, any later call has used.

Why it matters: the gradients that such a call leaves in ``.grad`` carry a graph of their own, which refers
to the parameters, which refer to their ``.grad``: a cycle that keeps the whole iteration's buffers until
Python's garbage collector comes by. Memory rises step by step, and each backward takes twice its time.

Seen at run time: each node that such a call ran carries its number, the nodes that it made are told by
theirs, and every graph that is run later is looked through for both. After twelve calls that an optimizer's
step has followed, or two at the end of the program, with none of them found again, it stands at the call.

Seen in the source: a literal ``create_graph=True`` in a ``.backward()`` after which nothing reads a
gradient, clips, or runs that graph again.

What it cannot know: whether the graph will be used at a later time; where the file has a backward that has
not run yet it waits for fifty calls or the end. It is silent when one call of the line was used again (a
gradient penalty, a Hessian-vector product, a second-order optimizer that needs it every few steps), when a
graph in between was too large to be looked through, and for ``autograd.grad``, which leaves nothing in
``.grad``.

Example::

    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward(create_graph=True)
        optimizer.step()

Use instead::

    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        gradients = torch.autograd.grad(loss, model.parameters(), create_graph=True)
        penalty = sum(gradient.square().sum() for gradient in gradients)
        (loss + 0.1 * penalty).backward()
        optimizer.step()

Or drop ``create_graph=True``, when no second derivative is wanted.

Source: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html, and the warning of
``torch.autograd.backward``: "Using backward() with create_graph=True will create a reference cycle
between the parameter and its gradient which can cause a memory leak."
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="create-graph-leak",
    severity="warning",
    summary="backward(create_graph=True) makes graphs of gradients that nothing uses, and they are not freed",
    runtime="CreateGraphLeak",
    source="create_graph_leak",
    fix="drop_create_graph",
)
