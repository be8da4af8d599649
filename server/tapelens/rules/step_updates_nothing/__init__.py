"""Steps with sound gradients leave every parameter as it was.

What it flags: ten steps running of an optimizer, each with a learning rate that is not 0 and gradients
that are finite and not zero, left every value that was looked at bit by bit as before, and no step of
the optimizer ever changed one.

Why it matters: the program trains nothing. The usual causes are a learning rate so small that the
change is lost in the parameter's precision (half precision above all), and an optimizer written by
hand that computes new values without writing them into the parameters.

Seen at run time: at the tenth such ``step()``, before its line is left; when the program ends after
fewer steps, from the third on. A few values of up to eight parameters are compared, at places where
their gradient is not zero.

Seen in the source: nothing as yet.

What it cannot know: the values it did not look at. It is silent as soon as one step changed one of
them, at a learning rate of 0 (a warm-up), when a GradScaler found an overflow, for steps with a closure
(a converged LBFGS changes nothing) and for parameters that it may not read: on an accelerator, sharded.

Example::

    class Sgd(torch.optim.Optimizer):
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p = p - group["lr"] * p.grad  # a new tensor; the parameter stays

Use instead::

    class Sgd(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.sub_(group["lr"] * p.grad)

Source: https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="step-updates-nothing",
    severity="warning",
    summary="steps with sound gradients leave every parameter as it was",
    runtime="StepUpdatesNothing",
)
