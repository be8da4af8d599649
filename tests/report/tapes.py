"""Builds snapshots by hand, row by row, as the probe would send them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from tapelens.wire.gradients import EdgeGradients, Gradients, HookedGradients, LeafGradients, NodeGradients
from tapelens.wire.memory import KeptColumns, Memory
from tapelens.wire.numbers import Number, StatisticsColumns
from tapelens.wire.sites import Site
from tapelens.wire.snapshot import (
    Backward,
    ChosenBy,
    EdgeColumns,
    HookColumns,
    NodeColumns,
    SavedColumns,
    Snapshot,
    TensorColumns,
    WillRaise,
)

HERE = Site(path="/work/train.py", line=4, function="<module>", in_library=False)

TENSOR: dict[str, Any] = {
    "layout": "strided",
    "device": "cpu",
    "dtype": "float32",
    "type_name": "Tensor",
    "is_leaf": 1,
    "requires_grad": 0,
    "retains_grad": 0,
    "is_view": 0,
    "grad": "none",
    "grad_statistics": -1,
    "statistics": -1,
    "grad_fn": -1,
    "output_nr": 0,
    "version": 0,
    "base": -1,
    "storage": -1,
    "backward_effect": "untouched",
    "in_frame": 1,
}
NODE: dict[str, Any] = {
    "sequence": -1,
    "thread": -1,
    "site": -1,
    "leaf": -1,
    "state": "saves_nothing",
    "saved_bytes": 0,
    "custom": -1,
    "dtype": "float32",
    "device": "cpu",
}
TEXTS = {"type_name", "dtype", "device", "layout", "grad_fn_name", "module", "optimizer", "not_shown", "name"}


@dataclass
class Numbers:
    """Statistics rows as they are added."""

    rows: list[tuple[Number, ...]] = field(default_factory=list)

    def add(self, *values: float) -> int:
        self.rows.append(values)
        return len(self.rows) - 1

    def columns(self) -> StatisticsColumns:
        rows = self.rows
        return StatisticsColumns(
            count=tuple(len(row) for row in rows),
            norm=tuple(sum(float(value) ** 2 for value in row) ** 0.5 for row in rows),
            minimum=tuple(min(map(float, row)) for row in rows),
            maximum=tuple(max(map(float, row)) for row in rows),
            mean=tuple(sum(map(float, row)) / len(row) for row in rows),
            nan=(0,) * len(rows),
            inf=(0,) * len(rows),
            first=tuple(rows),
        )


NOTHING_KEPT = Memory(
    parameters=0,
    buffers=0,
    gradients=0,
    optimizer=0,
    kept=0,
    kept_by=KeptColumns(site=(), module=(), nodes=(), storages=(), size_bytes=()),
    packed=0,
    not_shown=0,
    devices=(),
    keepers=(),
)


class Tape:
    """One frame's snapshot in the making."""

    def __init__(self) -> None:
        self.memory = NOTHING_KEPT
        self.strings: list[str] = []
        self.shapes: list[tuple[int, ...]] = []
        self.sites: list[Site] = []
        self.numbers = Numbers()
        self.tensors: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[tuple[int, int, int, int]] = []
        self.hooks: list[dict[str, Any]] = []
        self.foreseen = Backward(
            root=-1,
            expression="",
            chosen_by="all",
            will_raise=None,
            nodes_freed=0,
            bytes_freed=0,
            hooks=(),
            retains=False,
            doubt=None,
        )

    def string(self, text: str) -> int:
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)

    def shape(self, shape: tuple[int, ...]) -> int:
        if shape not in self.shapes:
            self.shapes.append(shape)
        return self.shapes.index(shape)

    def site(self, line: int, function: str = "<module>", path: str = HERE.path) -> int:
        self.sites.append(Site(path=path, line=line, function=function, in_library=False))
        return len(self.sites) - 1

    def tensor(self, *names: str, shape: tuple[int, ...] = (), grad_value: float | None = None, **changes: Any) -> int:
        row: dict[str, Any] = (
            TENSOR | {"grad_fn_name": None, "module": None, "optimizer": None, "not_shown": None} | changes
        )
        row["names"] = tuple(self.string(name) for name in names)
        row["shape"] = self.shape(shape)
        row["grad_shape"] = -1
        if grad_value is not None:
            row |= {"grad": "held", "grad_shape": self.shape(shape), "grad_statistics": self.numbers.add(grad_value)}
        if row["grad_fn"] >= 0:
            row["grad_fn_name"] = self.strings[self.nodes[row["grad_fn"]]["name"]]
            row |= {"is_leaf": 0, "requires_grad": 1}
        self.tensors.append({key: self._interned(key, value) for key, value in row.items()})
        return len(self.tensors) - 1

    def node(self, name: str, *nexts: int, shape: tuple[int, ...] = (), **changes: Any) -> int:
        row: dict[str, Any] = (
            NODE | {"module": None, "key": 100 + len(self.nodes), "name": name, "shape": self.shape(shape)} | changes
        )
        self.nodes.append({key: self._interned(key, value) for key, value in row.items()})
        source = len(self.nodes) - 1
        self.edges += [(source, position, target, 0) for position, target in enumerate(nexts)]
        return source

    def hook(self, name: str, *, tensor: int = -1, node: int = -1, line: int = 9) -> int:
        self.hooks.append(
            {
                "tensor": tensor,
                "node": node,
                "kind": "tensor_pre",
                "name": self.string(name),
                "site": self.site(line, name),
            }
        )
        return len(self.hooks) - 1

    def foresee(self, root: int, *, chosen_by: ChosenBy = "line", will_raise: WillRaise | None = None, **changes: Any):
        expression = self.strings[self.tensors[root]["names"][0]]
        self.foreseen = replace(
            self.foreseen, root=root, expression=expression, chosen_by=chosen_by, will_raise=will_raise, **changes
        )

    def _interned(self, key: str, value: Any) -> Any:
        if key not in TEXTS:
            return value
        return -1 if value is None else self.string(value)

    def snapshot(self, *, stop: int = 1, site: Site = HERE) -> Snapshot:
        edges = list(zip(*self.edges, strict=True)) or [(), (), (), ()]
        return Snapshot(
            kind="snapshot",
            stop=stop,
            thread=1,
            depth=0,
            site=site,
            torch="2.13.0",
            grad_mode=True,
            inference_mode=False,
            lines="every_line",
            capture_us=100,
            strings=tuple(self.strings),
            shapes=tuple(self.shapes),
            sites=tuple(self.sites),
            storage_bytes=(),
            statistics=self.numbers.columns(),
            tensors=_columns(TensorColumns, self.tensors),
            nodes=_columns(NodeColumns, self.nodes),
            edges=EdgeColumns(source=edges[0], position=edges[1], target=edges[2], input_nr=edges[3]),
            saved=_columns(SavedColumns, []),
            hooks=_columns(HookColumns, self.hooks),
            backward=self.foreseen,
            memory=self.memory,
            left_out=(),
        )


def _columns(kind: type[Any], rows: list[dict[str, Any]]) -> Any:
    return kind(**{column.name: tuple(row[column.name] for row in rows) for column in fields(kind)})


def seed() -> Tape:
    """``x = tensor(3.); y1 = x + 1; y2 = 2*x; loss = (y1 - y2)**2``, about to run ``loss.backward()``."""
    tape = Tape()
    x = tape.tensor("x", requires_grad=1, backward_effect="new")
    accumulate = tape.node("AccumulateGrad", leaf=x)
    add = tape.node("AddBackward0", accumulate)
    mul = tape.node("MulBackward0", accumulate, state="alive", saved_bytes=4)
    sub = tape.node("SubBackward0", add, mul)
    power = tape.node("PowBackward0", sub, state="alive", saved_bytes=4)
    tape.tensor("y1", grad_fn=add, backward_effect="dropped")
    tape.tensor("y2", grad_fn=mul, backward_effect="dropped")
    loss = tape.tensor("loss", grad_fn=power, backward_effect="dropped")
    tape.foresee(loss, nodes_freed=2, bytes_freed=8)
    return tape


def seed_gradients(*, stop: int = 1, backward: int = 1) -> Gradients:
    """What flows in the seed's backward: loss 1, y1 -4, y2 4, x 4."""
    numbers = Numbers()
    one, minus_four, four, minus_eight = numbers.add(1.0), numbers.add(-4.0), numbers.add(4.0), numbers.add(8.0)
    edges = [
        (104, 0, 103, minus_four),
        (103, 0, 101, minus_four),
        (103, 1, 102, four),
        (102, 0, 100, minus_eight),
        (101, 0, 100, minus_four),
    ]
    nodes = [(104, one), (103, minus_four), (102, four), (101, minus_four), (100, four)]
    return Gradients(
        kind="gradients",
        stop=stop,
        backward=backward,
        site=HERE,
        raised=False,
        shapes=((),),
        statistics=numbers.columns(),
        edges=EdgeGradients(
            source=tuple(edge[0] for edge in edges),
            position=tuple(edge[1] for edge in edges),
            target=tuple(edge[2] for edge in edges),
            input_nr=(0,) * len(edges),
            shape=(0,) * len(edges),
            statistics=tuple(edge[3] for edge in edges),
        ),
        nodes=NodeGradients(
            key=tuple(node[0] for node in nodes),
            output_nr=(0,) * len(nodes),
            shape=(0,) * len(nodes),
            statistics=tuple(node[1] for node in nodes),
        ),
        leaves=LeafGradients(key=(100,), was=("none",), shape=(0,), statistics=(four,)),
        hooked=HookedGradients(key=(), output_nr=(), where=(), before=(), after=(), changed=()),
        first_nonfinite=None,
        left_out=0,
        not_shown=None,
    )
