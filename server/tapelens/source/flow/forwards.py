"""Calls of modules."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from .acts import Forward
from .attributes import bind
from .run import Run
from .values import Function, Instance, Items, Module, Named, Tensor, Value

_TUPLES = {"LSTM", "GRU", "RNN", "MultiheadAttention", "LSTMCell"}
_SAVES_INPUT = {"Linear", "Conv1d", "Conv2d", "Conv3d", "Bilinear"}
_SAVES_NOTHING = {"Identity", "Flatten", "Unflatten"}


def forward(
    run: Run, module: Module | Instance, args: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
) -> Value:
    """``module(…)``."""
    run.acts.append(Forward(run.now(node), module, run.grad))
    if isinstance(module, Instance):
        function = bind(module.cls.find("forward"), module, module.cls)
        if isinstance(function, Function):
            return run.call(function, args, keywords, node)
    if isinstance(module, Module) and module.name.endswith("Sequential") and module.parts and args:
        row = [part for part in module.parts if isinstance(part, (Module, Instance))]
        if len(row) == len(module.parts):
            result = args[0]
            for part in row:
                result = forward(run, part, (result,), {}, node)
            return result
    given = flattened((*args, *keywords.values()))
    if isinstance(module, Module) and not module.guessed:
        name = module.name.rpartition(".")[2]
        unsure = module.has_parameters is None or module.frozen is None
        uses = module if module.has_parameters is not False and module.frozen is not True else None
        first = given[0] if given and isinstance(given[0], Tensor) and given[0].sure else None
        if module.is_in_place and first is not None:
            run.write(first, node, f"{name}(inplace=True)")
        result = run.tensor(
            node,
            *given,
            saves=name not in _SAVES_NOTHING,
            module=uses,
            keeps_parameters=uses is not None and _keeps(module, given),
            keeps=(first,) if first is not None and uses is not None and name in _SAVES_INPUT else (),
        )
        if name in {"Sigmoid", "Tanh", "ReLU", "Softmax", "LogSoftmax"} and result.node is not None:
            result.node.keeps = (result.storage,)
        if unsure and result.grad is True and not any(isinstance(each, Tensor) and each.grad for each in given):
            result.grad = result.leaf = None
            if result.node is not None:
                result.node.sure = False
        if name in _TUPLES:
            state = result if name != "LSTM" else Items("tuple", [result, result], loops=run.loops)
            return Items("tuple", [result, state], loops=run.loops)
        return result
    result = run.tensor(node, *given, sure=False, saves=True if given else None, module=module)
    if result.grad is True and not any(isinstance(each, Tensor) and each.grad for each in given):
        result.grad = result.leaf = None
    return result


def flattened(values: Sequence[Value]) -> list[Value]:
    """Operands among these, those in lists too."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Items):
            found.extend(flattened(value.items))
        elif not isinstance(value, Named):
            found.append(value)
    return found


def _keeps(module: Module, given: Sequence[Value]) -> bool:
    """Whether it surely saved its weights: a layer does for an input that needs a gradient, layers in a row do."""
    name = module.name.rpartition(".")[2]
    if any(isinstance(each, Tensor) and each.grad for each in given):
        return name not in {"Embedding", "EmbeddingBag"}
    layers = [part for part in module.parts if isinstance(part, Module) and part.name.rpartition(".")[2] == "Linear"]
    return name == "Sequential" and len(layers) > 1
