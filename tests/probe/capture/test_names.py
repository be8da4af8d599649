"""Tensors are named as a person would write them, best name first, within bounds."""

from __future__ import annotations

import sys
from collections import OrderedDict, UserDict, defaultdict, deque
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import lru_cache, partial
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


def test_what_lies_too_deep_is_said_to_be_left_out_unless_nothing_lies_there():
    deep = [[[[[[torch.ones(1)]]]]]]
    plain: list[Any] = [[[[["a", 1], []]]]]
    stop = capture(sys._getframe())
    assert names(stop) == set()
    assert {(left.what, left.count) for left in stop.snapshot.left_out} == {("tensors", 1)}
    del deep, plain


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


class Encoding(UserDict[str, Any]):
    """As transformers' tokenizers return: it keeps a dict and passes it off as its own."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError("asked")


@dataclass
class Output(OrderedDict[str, Any]):
    """As transformers' models return: a dict whose keys are its fields."""

    loss: Any = None
    logits: Any = None

    def __post_init__(self) -> None:
        """Put the fields among the items."""
        for each in fields(self):
            self[each.name] = getattr(self, each.name)


def test_batches_and_outputs_are_named_as_their_users_write():
    batch, out = Encoding({"input_ids": torch.ones(1)}), Output(torch.ones(1), (torch.ones(1),))
    assert names(capture(sys._getframe())) == {'batch["input_ids"]', "out.loss", "out.logits[0]"}
    del batch, out


class Colour(Enum):
    RED = 1


def test_keys_of_any_kind_stand_between_the_brackets_as_they_are_written():
    w = torch.ones(1)
    table = {(0, "a"): torch.ones(1), Colour.RED: torch.ones(1), b"x": torch.ones(1), None: torch.ones(1)}
    state: dict[Any, Any] = defaultdict(dict)
    state[w]["step"] = torch.ones(1)
    assert names(capture(sys._getframe())) == {
        "w",
        'table[0, "a"]',
        "table[Colour.RED]",
        "table[b'x']",
        "table[None]",
        'state[w]["step"]',
    }
    del w, table, state


class Record(dict[str, Any]):
    """A dict that carries more than its items."""

    b: torch.Tensor


def test_a_subclass_of_a_container_may_carry_more_than_its_items():
    record = Record(a=torch.ones(1))
    record.b = torch.ones(1)
    seen, listed = {torch.ones(1)}, [frozenset({torch.ones(1)})]
    assert names(capture(sys._getframe())) == {'record["a"]', "record.b", "[*seen][0]", "[*listed[0]][0]"}
    del record, seen, listed


def test_a_partials_arguments_are_named_and_caches_and_weak_references_are_not_followed():
    import weakref

    step = partial(dict[str, Any], {}, alpha=torch.ones(1), beta=(torch.ones(1),))

    @lru_cache
    def cached() -> torch.Tensor:
        return torch.ones(1)

    kept = cached()
    watched, weak = weakref.ref(kept), weakref.WeakValueDictionary({"a": kept})
    assert names(capture(sys._getframe())) == {
        'step.keywords["alpha"]',
        'step.keywords["beta"][0]',
        "kept",
    }
    del step, kept, watched, weak


def test_distributions_and_packed_sequences_are_looked_into():
    normal = torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    packed = nn.utils.rnn.pack_sequence([torch.ones(3), torch.ones(2)])
    found = names(capture(sys._getframe()))
    assert {"normal.loc", "normal.scale", "packed.data", "packed.batch_sizes"} <= found
    del normal, packed


class Block(nn.Module):
    def __init__(self, shared: nn.Module):
        super().__init__()
        self.shared = shared
        self.unhooked_features = torch.ones(1)

    @property
    def costly(self) -> torch.Tensor:
        raise AssertionError("asked")


class Trainer:
    """A plain object of the user's."""

    def __init__(self) -> None:
        shared = nn.Linear(1, 1, bias=False)
        self.model = nn.ModuleDict({"encoder": Block(shared), "decoder": Block(shared)})
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.history: list[Any] = []

    @property
    def loss(self) -> torch.Tensor:
        raise AssertionError("asked")

    def step(self) -> Stop:
        self.history.append({"loss": torch.ones(1)})
        torch.stack([parameter.sum() for parameter in self.model.parameters()]).sum().backward()
        self.optimizer.step()
        return capture(sys._getframe())


def test_self_of_a_trainer_leads_to_its_model_optimizer_and_history_and_a_shared_module_has_both_names():
    stop = Trainer().step()
    shared = stop.tensors['self.model["encoder"].shared.weight']
    assert shared.names == ('self.model["encoder"].shared.weight', 'self.model["decoder"].shared.weight')
    assert (shared.module, shared.optimizer) == ('self.model["encoder"].shared', "self.optimizer")
    momentum = stop.tensors['self.optimizer.state[self.model["encoder"].shared.weight]["momentum_buffer"]']
    assert momentum.optimizer == "self.optimizer"
    assert {'self.history[0]["loss"]', 'self.model["encoder"].unhooked_features'} <= names(stop)


def test_tied_parameters_have_both_names():
    embed, head = nn.Embedding(4, 2), nn.Linear(2, 4, bias=False)
    head.weight = embed.weight
    stop = capture(sys._getframe())
    assert stop.tensors["embed.weight"].names == ("embed.weight", "head.weight")
    del embed, head


def test_lists_in_an_optimizers_state_and_tensors_in_its_groups_are_named():
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=torch.tensor(0.1))
    optimizer.state[w]["history"] = [torch.ones(2)]
    found = capture(sys._getframe())
    assert {'optimizer.param_groups[0]["lr"]', 'optimizer.state[w]["history"][0]'} <= names(found)
    del w, optimizer


def test_a_generators_and_a_comprehensions_frame_show_their_own_variables():
    stops: list[Stop] = []

    def generate(x: torch.Tensor):
        held = x * 2
        stops.append(capture(sys._getframe()))
        yield held

    list(generate(torch.ones(1)))
    [stops.append(capture(sys._getframe())) for element in [torch.ones(1)] if element.numel()]
    assert names(stops[0]) == {"x", "held"}
    assert "element" in names(stops[1])
    assert not any(name.startswith(".") for stop in stops for name in names(stop))


def test_a_module_under_torch_compile_keeps_the_names_of_its_own():
    model = torch.compile(nn.Linear(1, 1), backend="eager")
    assert names(capture(sys._getframe())) == {"model.weight", "model.bias"}
    del model


def test_a_graph_that_only_a_node_or_an_edge_of_the_frame_holds_is_shown():
    w = torch.ones(2, requires_grad=True)
    edge = torch.autograd.graph.get_gradient_edge(w * 2)
    stop = capture(sys._getframe())
    assert stop.node_names == ["AccumulateGrad", "MulBackward0"]
    del edge
    node = (w * 2).exp().grad_fn
    assert capture(sys._getframe()).node_names == ["AccumulateGrad", "MulBackward0", "ExpBackward0"]
    del node


def test_what_a_wrapper_wraps_is_named_behind_it():
    from torch.testing._internal.two_tensor import TwoTensor

    both = TwoTensor(torch.ones(2), torch.ones(2))
    stop = capture(sys._getframe())
    assert names(stop) == {"both", "both.a", "both.b"}
    assert (stop.tensors["both"].storage, stop.tensors["both.a"].storage_bytes) == (None, 8)
    del both
