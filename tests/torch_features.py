"""What older torch does not have: marks for the tests of it, each with the reason that a person can act on."""

from __future__ import annotations

import pytest
import torch

KEEPS_SAVED = not hasattr(torch._C._autograd.SavedTensor, "data")  # pyright: ignore[reportAttributeAccessIssue]
"""Only unpacking, which runs the program's hooks, shows what was saved."""

KEEPS_SHAPES = not hasattr(torch._C._FunctionBase, "_input_metadata")

COMPILES_BELOW = not hasattr(torch._C._dynamo.eval_frame, "set_code_exec_strategy")  # pyright: ignore[reportAttributeAccessIssue]
"""torch.compile looks at what is called below a function that it was told to leave alone."""


def _needs(*, has: bool, why: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not has, reason=f"torch {torch.__version__} {why}; newer torch")


needs_readable_saved_tensors = _needs(
    has=not KEEPS_SAVED, why="keeps saved tensors to itself, and tapelens shows them as 'not shown' there"
)
needs_shapes_of_nodes = _needs(
    has=not KEEPS_SHAPES, why="does not tell the shapes of nodes, and tapelens shows them as 'not shown' there"
)
