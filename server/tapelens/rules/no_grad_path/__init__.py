"""The loss does not lead back to what is to be trained.

What it flags: (a) "element 0 of tensors does not require grad and does not have a grad_fn", when nobody catches it;
at a stop whose line is about to do it, it is foreseen. (b) ``backward()`` on a tensor that was made from a loss and is
itself a leaf, such as ``torch.tensor(loss.item(), requires_grad=True)``: nothing raises, and nothing is
trained. (c) An optimizer none of whose parameters ever gains a gradient, in three rounds of backward and
step. (d) A module in training mode whose forward pass runs with grad mode off, five iterations running, and
never with it on.

Why it matters: the graph is how gradients find the parameters. ``.item()``, ``.numpy()``, ``.detach()``, ``argmax``,
``torch.no_grad()`` and a new tensor end it. PyTorch says so only at the backward, far from the statement
that cut the path, and not at all once someone has set ``requires_grad`` on the result to silence the error.

Seen at run time: at the statement that cuts the path, where the source of the functions that run tells it and the
variables of their frames agree; else at the backward. The other one is the related line. (d) stands at what switched
grad mode off.

Seen in the source: a ``backward()`` whose root surely has no graph, at the statement that ended it
(``item``, ``detach``, ``numpy``, ``argmax``, a new tensor, grad mode switched off) or, where there never
was one, at the backward; and a loop in which all that the backward reaches is a leaf made from such an
end.

What it cannot know: a cut in a function whose source is not at hand, or in a library. It is silent about
networks that no optimizer holds (targets, teachers), frozen layers, evaluation, parameters that gained a
gradient once, and an exception that you catch.

Example::

    prediction = model(x).argmax(dim=1).float()  # argmax has no derivative
    loss = torch.nn.functional.mse_loss(prediction, target)
    loss.requires_grad_()  # silences the error
    loss.backward()

Use instead::

    loss = torch.nn.functional.cross_entropy(model(x), target)
    loss.backward()

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#setting-requires-grad ("During the forward
pass, an operation is only recorded in the backward graph if at least one of its input tensors require grad.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="no-grad-path",
    severity="warning",
    summary="no path leads from the loss to the parameters that are to be trained",
    runtime="NoGradPath",
    source="no_grad_path",
)
