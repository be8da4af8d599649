"""Tensors are named as a person would write them, best name first, within bounds."""

from __future__ import annotations

import sys
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch import nn

from probe.capture.stops import Stop, capture, run
from tapelens.probe.capture.frame import BOUNDS

anywhere = torch.ones(1)


class Pair(NamedTuple):
    """Two tensors with names."""

    left: torch.Tensor
    right: list[torch.Tensor]


@dataclass(slots=True)
class Batch:
    """Keeps its tensors in slots."""

    inputs: torch.Tensor
    mask: torch.Tensor | None = None


def names(stop: Stop) -> set[str]:
    return set(stop.tensors)


def test_containers_and_objects_are_looked_into():
    batch = {"mask": torch.ones(1), 3: torch.ones(1), "deep": {"er": [torch.ones(1)]}}
    held = Batch(torch.ones(1))
    pair, queue = Pair(torch.ones(1), [torch.ones(1)]), deque([torch.ones(1)])
    place = SimpleNamespace(x=torch.ones(1))
    ordered = OrderedDict(a=torch.ones(1))
    best = torch.ones(2, 2).max(dim=0)
    assert names(capture(sys._getframe())) == {
        'batch["mask"]',
        "batch[3]",
        'batch["deep"]["er"][0]',
        "held.inputs",
        "pair.left",
        "pair.right[0]",
        "queue[0]",
        "place.x",
        'ordered["a"]',
        "best.values",
        "best.indices",
    }
    del batch, held, pair, queue, place, ordered, best


def test_variables_of_the_function_around_and_globals_that_the_code_names_are_reached():
    outer = torch.ones(1)

    def inner() -> Stop:
        assert outer is not anywhere
        return capture(sys._getframe())

    assert names(inner()) == {"outer", "anywhere"}


def test_at_module_level_modules_classes_functions_and_dunders_are_passed_over():
    stop = run("""
    import torch, sys
    from torch import nn
    class Keeps:
        weight = torch.ones(1)
    def function(): pass
    function.tensor = torch.ones(1)
    __private__ = torch.ones(1)
    _aside = torch.ones(1)
    x = torch.ones(1)
    _same = x
    done = 1  # stop: here
    """)["here"]
    assert names(stop) == {"_aside", "x", "_same"}
    assert stop.tensors["x"].names == ("x", "_same")


def test_modules_in_containers_and_containers_in_modules_are_named():
    body = nn.ModuleList([nn.Linear(1, 1, bias=False)])
    model: Any = nn.ModuleDict({"body part": body, "head": nn.Linear(1, 1, bias=False)})
    del body
    model.register_buffer("steps", torch.ones(1))
    model.cache = [torch.ones(1)]
    models = [nn.PReLU()]
    scales, biases = nn.ParameterList([torch.ones(1)]), nn.ParameterDict({"out": torch.ones(1)})
    stop = capture(sys._getframe())
    assert names(stop) == {
        'model["body part"][0].weight',
        'model["head"].weight',
        "model.steps",
        "model.cache[0]",
        "models[0].weight",
        "scales[0]",
        'biases["out"]',
    }
    assert stop.tensors["models[0].weight"].module == "models[0]"
    del model, models, scales, biases


def test_a_parameter_that_only_an_optimizer_holds_is_named_by_it():
    optimizer = torch.optim.Adam([torch.ones(2, requires_grad=True)], lr=0.1)
    stop = capture(sys._getframe())
    row = stop.tensors['optimizer.param_groups[0]["params"][0]']
    assert row.optimizer == "optimizer"
    del optimizer


def test_a_leaf_that_no_name_reaches_still_has_a_row():
    loss = (torch.ones(3, requires_grad=True) * 2).sum()
    stop = capture(sys._getframe())
    (leaf,) = [node.leaf for node in stop.nodes if node.leaf is not None]
    assert stop.snapshot.tensors.names[leaf] == ()
    assert (stop.snapshot.tensors.in_frame[leaf], stop.snapshot.tensors.backward_effect[leaf]) == (0, "new")
    del loss


def test_a_view_shows_its_base_and_shares_its_storage():
    whole = torch.ones(4, 2)
    part = whole[1:]
    stop = capture(sys._getframe())
    row = stop.tensors["part"]
    assert (row.is_view, row.base, row.storage) == (True, stop.tensors["whole"].row, stop.tensors["whole"].storage)
    assert row.storage_bytes == 32
    del part


def test_objects_that_hold_each_other_end():
    loop = SimpleNamespace(x=torch.ones(1))
    loop.self = loop
    listed: list[object] = [torch.ones(1)]
    listed.append(listed)
    assert names(capture(sys._getframe())) == {"loop.x", "listed[0]"}
    loop.self = None
    listed.clear()


def test_what_a_bound_leaves_out_is_said():
    many = [torch.ones(1) for _ in range(300)]
    stop = capture(sys._getframe(), bounds=replace(BOUNDS, tensors=100))
    assert len(stop.tensors) == 100
    assert {(left.what, left.count) for left in stop.snapshot.left_out} == {("tensors", 156), ("tensors", 44)}
    del many


class Recorder:
    """Has hooks of several kinds."""

    def method(self, gradient: torch.Tensor) -> None:
        """Hear a gradient."""

    def __call__(self, gradient: torch.Tensor) -> None:
        """Hear a gradient."""


def test_hooks_are_named_by_the_code_that_runs():
    x = torch.ones(1, requires_grad=True)
    recorder = Recorder()
    for hook in (recorder.method, recorder, partial(recorder.method), partial(print, "label"), lambda gradient: None):
        x.register_hook(hook)
    (x * 2).register_hook(recorder)
    found = [(hook.name, None if hook.site is None else hook.site.function) for hook in capture(sys._getframe()).hooks]
    assert found == [
        ("Recorder.method", "Recorder.method"),
        ("Recorder", "Recorder"),
        ("Recorder.method", "Recorder.method"),
        ('print("label")', None),
        ("<lambda>", "<lambda>"),
    ]


def test_a_function_of_a_librarys_is_sited_in_the_library():
    from torch.utils.checkpoint import checkpoint

    x = torch.ones(3, requires_grad=True)
    y = checkpoint(torch.sin, x, use_reentrant=True)
    (node,) = [node for node in capture(sys._getframe()).nodes if node.custom is not None]
    assert node.custom is not None
    assert (node.custom.function, node.custom.in_library) == ("CheckpointFunction", True)
    del y
