"""An optimizer steps though no backward gave it new gradients.

What it flags: in three steps running an optimizer finds the very gradients that it has used already, or
none of its parameters ever had a gradient and no backward runs at all.

Why it matters: without a backward a step moves along an old gradient again and again, or does nothing.
Nothing raises, and with momentum or weight decay the parameters even move.

Seen at run time: at the third such ``step()``, before its line is left. Old gradients are told by
object, version counter and a few of their values. Steps with a closure are judged by what the closure
left, and of a step that calls another optimizer's step the inner one is judged.

Seen in the source: a loop that runs a module and steps, when there is no backward anywhere in what the
program does and no call of something foreign that gets the optimizer, the model or the loss.

What it cannot know: whether a repeated step is meant. One or two are taken for it (a warm-up, a dummy
step before a scheduler). It is silent when anything wrote the gradients in between (by hand, through
``.data`` or numpy), when they were cleared, and when backwards run that only miss these parameters:
that is another rule's matter. It is silent, too, where several threads train the same parameters.

Example::

    for batch in loader:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        optimizer.step()  # no gradient was computed

Use instead::

    for batch in loader:
        optimizer.zero_grad()
        loss = model(batch).square().mean()
        loss.backward()
        optimizer.step()

Source: https://docs.pytorch.org/docs/stable/optim.html ("The function can be called once the gradients
are computed using e.g. backward().")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="step-without-backward",
    severity="warning",
    summary="an optimizer steps though no backward gave it new gradients",
    runtime="StepWithoutBackward",
    source="step_without_backward",
)
