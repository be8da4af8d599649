"""Training goes on in evaluation mode: nobody called ``train()`` after an evaluation.

What it flags: three steps running of an optimizer whose gradients come from a module in evaluation
mode, every dropout and batch norm in it too, although earlier steps of the same optimizer used
gradients from training mode.

Why it matters: without dropout the model overfits, and batch norm normalises by statistics that are
no longer updated. Nothing fails, the training loss even looks better; only the result is worse than
it was before the first evaluation was added.

Seen at run time: as the third such step begins, at the ``eval()`` that was the last; the backward and
the step are related.

Seen in the source: an ``eval()`` in a loop, of a module with dropout or batch norm in it that an
optimizer has stepped before, when the next round's backward comes before any ``train()``.

What it cannot know: whether it is meant. It is silent when a model is trained in evaluation mode from
the start (fine-tuning), when only some layers are in evaluation (frozen batch norm), when a pass in
training mode belongs to the same step (TRADES, PGD), when the model has neither dropout nor batch norm,
and for a model that another optimizer trains (a critic that scores an actor). Functions called with
``training=self.training`` are not seen.

Example::

    for epoch in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            criterion(model(batch), target).backward()
            optimizer.step()
        model.eval()  # and from the second epoch on, the model trains in this mode
        validate(model)

Use instead::

    for epoch in range(epochs):
        model.train()
        for batch in loader:
            optimizer.zero_grad()
            criterion(model(batch), target).backward()
            optimizer.step()
        model.eval()
        validate(model)

Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval ("This has
an effect only on certain modules. See the documentation of particular modules for details of their
behaviors in training/evaluation mode.")
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="eval-in-training",
    severity="warning",
    summary="training goes on in evaluation mode after an evaluation",
    runtime="EvalInTraining",
    source="eval_in_training",
)
