"""Forward passes in evaluation mode build graphs that nothing runs backward.

What it flags: a line that calls a module in evaluation mode with grad mode on, when the graphs of three
calls or more (at the program's end: two) were dropped before any backward began.

Why it matters: ``eval()`` changes dropout and batch norm and nothing else. Autograd goes on recording,
so that every activation is kept until the output is dropped: evaluation needs as much memory as
training, and is slower than it need be. It is information, for the numbers are right.

Seen at run time: at the call, once the graph of the third one is gone. The bytes are what one such
graph kept for backward, parameters apart.

Seen in the source: nothing as yet.

What it cannot know: what the outputs are for, so it is silent where a backward or ``autograd.grad``
began before the output was dropped (saliency, adversarial examples, an evaluation within a training
step), and where outputs are kept. Calls are watched in some iterations after a change of mode.

Example::

    model.eval()
    for batch in loader:
        total += criterion(model(batch), target).item()

Use instead::

    model.eval()
    with torch.no_grad():
        for batch in loader:
            total += criterion(model(batch), target).item()

Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#evaluation-mode-nn-module-eval
("Evaluation mode is not a mechanism to locally disable gradient computation.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="eval-builds-graph",
    severity="information",
    summary="forward passes in evaluation mode build graphs that nothing runs backward",
    runtime="EvalBuildsGraph",
)
