"""``with``: the modes of gradients, and what catches errors."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .run import Run
from .values import GradMode, Instance, Named, Opaque, Place, Value


@dataclass
class Entered:
    """A context, and what was before it."""

    value: Value
    grad: bool | None
    grad_by: Place | None
    tried: bool
    catches: bool = False

    def leave(self, run: Run) -> None:
        """As it was."""
        run.grad, run.grad_by, run.tried = self.grad, self.grad_by, self.tried


_CATCHES = {"contextlib.suppress", "pytest.raises"}


def enter(run: Run, context: ast.expr) -> Entered:
    """Evaluate a context's expression and enter it."""
    grad, grad_by, tried = run.grad, run.grad_by, run.tried
    value = run.evaluate(context)
    entered = Entered(value, grad, grad_by, tried)
    match value:
        case GradMode(on=on):
            run.grad, run.grad_by = on, run.place(context)
        case Named(name=name) if name.startswith(("torch.no_grad", "torch.inference_mode")):
            run.grad, run.grad_by = False, run.place(context)
        case Opaque(name=name) if name in _CATCHES or name.endswith(("assertRaises", "assertRaisesRegex", "raises")):
            run.tried = entered.catches = True
        case Instance():
            inner = value.cls.find("__enter__")
            if inner is not None:
                entered.value = run.call(inner, (value,), {}, context)
        case _:
            pass
    return entered
