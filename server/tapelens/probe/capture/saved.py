"""What nodes saved for backward, read without running an unpack hook."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ...wire.snapshot import NodeState, SavedState
from .checkpoints import inputs_kept, is_faithful
from .functions import reads_saved
from .graph import is_custom
from .guards import someone_listens
from .reading import dtype_of, shape_of, storage_of
from .views import freshness

if TYPE_CHECKING:
    import torch

    Node = torch.autograd.graph.Node

_RAW = "_raw_saved_"
_FREED = "a second time"  # of torch's sentence "Trying to backward through the graph a second time"
_CHANGED = "modified by an inplace operation"
_DETACHED = "detached in-place"
_RESULT = "result"
_RESULTS = frozenset(
    (
        *("L", "LU", "P", "Q", "R", "S", "U", "Vh", "buffer", "eigenvalues", "eigenvectors", "exponent", "indices"),
        *("inverse", "log_sumexp", "logsumexp", "max", "min", "output", "sign", "softmax_logsumexp", "solution"),
        *("total_weight", "values"),
    )
)
"""Names, beside ``result`` and ``result1``, under which nodes save what their operation gave."""
_FITS_NOTHING = (2, 3, 5, 7, 11, 13, 17, 19, 23)


@dataclass(slots=True)
class Saved:
    """One tensor that a node saved.

    Attributes:
        tensor: ``id`` of the tensor object, which is the user's own where an input was saved.
        storage: Address and bytes.
        unsure: It may have been changed in place since, and asking would disturb the program.
        spoiled: A checkpoint packed it that cannot compute it again: its inputs were changed in place.
        faithful: Packed by a hook of PyTorch's own that gives back what it was given.
        detached: It was taken off its graph in place, by ``detach_()``, which torch refuses to unpack.
    """

    name: str
    state: SavedState
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    size_bytes: int = -1
    version_saved: int = -1
    version_now: int = -1
    tensor: int = 0
    storage: tuple[int, int] | None = None
    unsure: bool = False
    detached: bool = False
    spoiled: bool = False
    faithful: bool = False


@dataclass(slots=True)
class NodeSaved:
    """All that one node saved."""

    state: NodeState
    slots: list[Saved] = field(default_factory=list[Saved])


def can_look() -> bool:
    """Whether this torch shows what was saved, and by which hook it was packed, without unpacking; older does not."""
    saved = sys.modules["torch"]._C._autograd.SavedTensor
    return hasattr(saved, "data") and hasattr(saved, "unpack_hook")


class _Slot(NamedTuple):
    """An attribute of a node type: as saved, as unpacked, and its plain name."""

    raw: str
    unpacked: str
    name: str


class SavedReader:
    """Reads nodes; knows each node type's attributes after the first node of it."""

    def __init__(self) -> None:
        self._slots: dict[type, tuple[_Slot, ...]] = {}
        torch = sys.modules["torch"]
        base = self._base = torch._C.TensorBase
        self._misfit: torch.Tensor | None = None
        self._spoiled: dict[int, bool] = {}
        self._plain = frozenset((torch.Tensor, torch.nn.Parameter))
        self._dtypes: dict[Any, tuple[str, int]] = {}
        # bound once: they are asked for every saved tensor
        self._shape, self._dtype, self._version = base.shape.__get__, base.dtype.__get__, base._version.__get__
        self._storage = base.untyped_storage
        self._can_unpack = hasattr(torch._C._autograd.SavedTensor, "unpack")
        self._can_look = can_look()

    def read(self, node: Node) -> NodeSaved:
        """What the node saved, and whether it is there."""
        kind = type(node)
        slots = self._slots.get(kind)
        if slots is None:
            slots = self._slots[kind] = _slots_of(kind)
        if not slots:
            return self._read_without_slots(node)
        found: list[Saved] = []
        for slot in slots:
            try:
                raw = getattr(node, slot.raw)
            except RuntimeError as error:  # a list of saved tensors says so at once
                found.append(Saved(slot.name, _state_of_refusal(error)))
                continue
            if not self._can_look:
                found.append(Saved(slot.name, "not_shown"))
            elif type(raw) is tuple:
                found.extend(self._read_list(node, slot, raw))
            else:
                found.append(self._read_one(node, slot, raw))
        return NodeSaved(_state_of_node(found), found)

    def _read_without_slots(self, node: Node) -> NodeSaved:
        name = type(node).__name__
        if is_custom(node):
            return self._read_custom(node)
        if name == "CppFunction":  # no Python type: TorchScript's, a C++ extension's
            return NodeSaved("unknown", [Saved("saved_tensors", "not_shown")])
        return NodeSaved(self._state_of_copy_slices(node) if name == "CopySlices" else "saves_nothing", [])

    def _read_one(self, node: Node, slot: _Slot, raw: Any) -> Saved:  # noqa: ANN401 (torch._C._autograd.SavedTensor)
        # NOTE [reading saved tensors]: `_saved_x` runs the user's unpack hook (a checkpoint's runs the
        # forward again), so it is read only where there is no hook; `data` is None for what was freed
        # and for what was never saved, and only `_saved_x` tells these apart.
        if raw.unpack_hook is not None:
            return self._packed(slot.name, raw.unpack_hook)
        data = raw.data
        if data is None:
            try:
                absent = getattr(node, slot.unpacked) is None
            except RuntimeError as error:
                return Saved(slot.name, _state_of_refusal(error))
            return Saved(slot.name, "never" if absent else "not_shown")
        seen = self._describe(slot.name, data)
        if self._may_have_changed(seen, data):
            try:
                getattr(node, slot.unpacked)
            except RuntimeError as error:
                _note_change(seen, error)
        if seen.state == "live" and self._may_be_detached(seen, data):
            try:
                raw.unpack()
            except RuntimeError as error:
                _note_change(seen, error)
        return seen

    def _may_be_detached(self, seen: Saved, data: torch.Tensor) -> bool:
        """``detach_()`` moves no version, and leaves what a node saved of its inputs without a graph.

        What a node gave is saved apart from the tensor that the user holds; a view cannot be detached;
        ``_saved_x`` does not tell, since it lends the node itself as the missing graph.
        """
        if not self._can_unpack or self._base.requires_grad.__get__(data) or self._base._is_view(data):
            return False
        return not seen.name.startswith(_RESULT) and seen.name not in _RESULTS

    def _read_list(self, node: Node, slot: _Slot, raw: tuple[Any, ...]) -> list[Saved]:
        found: list[Saved] = []
        doubtful = False
        for index, each in enumerate(raw):
            name = f"{slot.name}[{index}]"
            if each is None or (each.unpack_hook is None and each.data is None):
                found.append(Saved(name, "never"))
            elif each.unpack_hook is not None:
                found.append(self._packed(name, each.unpack_hook))
            else:
                seen = self._describe(name, each.data)
                doubtful = self._may_have_changed(seen, each.data) or doubtful
                found.append(seen)
        if doubtful and not any(seen.state in {"packed", "changed"} or seen.unsure for seen in found):
            try:
                getattr(node, slot.unpacked)
            except RuntimeError as error:
                _note_change_among(found, error)
        return found

    def _read_custom(self, node: Any) -> NodeSaved:  # noqa: ANN401 (any autograd.Function's node)
        try:
            raw = node._raw_saved_tensors
        except RuntimeError:  # it ran, and was not told to retain
            return self._freed_custom(type(node))
        if not raw:
            return NodeSaved("saves_nothing")
        if not self._can_look:
            return NodeSaved("unknown", [Saved(str(index), "not_shown") for index in range(len(raw))])
        found = self._read_list(node, _Slot("_raw_saved_tensors", "saved_tensors", ""), raw)
        for index, seen in enumerate(found):
            seen.name = str(index)
        return NodeSaved(_state_of_node(found), found)

    def _freed_custom(self, kind: type) -> NodeSaved:
        match reads_saved(kind):
            case "yes":
                return NodeSaved("freed")
            case "no":
                return NodeSaved("saves_nothing")
            case "maybe":
                return NodeSaved("unknown", [Saved("saved_tensors", "not_shown", unsure=True)])

    def _packed(self, name: str, unpack_hook: Any) -> Saved:  # noqa: ANN401 (a function of the user's)
        kept = inputs_kept(unpack_hook)
        key = id(kept[0]) if kept else 0
        if kept and key not in self._spoiled:
            self._spoiled[key] = any(self._is_spoiled(each) for each in kept)
        return Saved(name, "packed", spoiled=self._spoiled.get(key, False), faithful=is_faithful(unpack_hook))

    def _is_spoiled(self, kept: Any) -> bool:  # noqa: ANN401 (torch._C._autograd.SavedTensor)
        if kept.unpack_hook is not None or kept.data is None:
            return False
        seen = Saved("", "live")
        if self._may_have_changed(seen, kept.data):
            try:
                kept.unpack()
            except RuntimeError as error:
                _note_change(seen, error)
        return seen.state == "changed"

    def _state_of_copy_slices(self, node: Any) -> NodeState:  # noqa: ANN401 (the node can be called)
        """Whether the operation inside is still there.

        NOTE [asking CopySlices]: what an in-place operation on a view saved lies inside it, out of reach.
        Called with a gradient of a shape that fits nothing, which has no memory, it says first whether it
        was freed, and refuses the shape before anything is computed.
        """
        if someone_listens() or sys.modules["torch"]._C._autograd._profiler_enabled():
            return "unknown"
        if self._misfit is None:
            self._misfit = sys.modules["torch"].empty(_FITS_NOTHING, device="meta")
        try:
            node(self._misfit)
        except RuntimeError as error:
            return "freed" if _FREED in str(error) else "alive"
        return "unknown"

    def _describe(self, name: str, data: torch.Tensor) -> Saved:
        dtype = self._dtype(data)
        known = self._dtypes.get(dtype)
        if known is None:
            known = self._dtypes[dtype] = (dtype_of(data), self._base.element_size(data))
        shape = storage = None
        if type(data) in self._plain:
            try:
                shape = tuple(self._shape(data))
                memory = self._storage(data)
                storage = (memory._cdata, memory.nbytes())
            except RuntimeError:  # nested has no shape, sparse and functorch's no storage (NotImplementedError is one)
                shape, storage = shape_of(data), storage_of(data)
        else:
            shape, storage = shape_of(data), storage_of(data)
        size_bytes = -1 if shape is None else prod(shape) * known[1]
        return Saved(name, "live", shape, known[0], size_bytes, -1, -1, id(data), storage)

    def _may_have_changed(self, seen: Saved, data: torch.Tensor) -> bool:
        """Note the versions; True when only unpacking tells, and unpacking is safe."""
        base = self._base
        try:
            version = self._version(data)
        except RuntimeError:  # an inference tensor
            return False
        seen.version_now = version
        if not version:
            seen.version_saved = 0
            return False
        if base._is_view(data) and (base.requires_grad.__get__(data) or _base_requires_grad(base, data)):
            # NOTE [unpacking changed views]: it asks the saved view for its grad_fn, which is rebuilt when
            # its memory was written since it was made. It was made, or rebuilt, by the time it was saved.
            fresh = freshness(data)
            if fresh != "current":
                seen.state, seen.unsure = ("changed", False) if fresh == "stale" else (seen.state, True)
                return False
        seen.version_saved = version
        return True


def _slots_of(kind: type) -> tuple[_Slot, ...]:
    if sys.modules["torch"]._C._FunctionBase in kind.__mro__:  # read otherwise
        return ()
    return tuple(
        _Slot(raw, raw.replace(_RAW, "_saved_"), raw.removeprefix(_RAW)) for raw in dir(kind) if raw.startswith(_RAW)
    )


def _base_requires_grad(base: Any, view: torch.Tensor) -> bool:  # noqa: ANN401 (torch._C.TensorBase)
    whole = base._base.__get__(view)
    return whole is not None and bool(base.requires_grad.__get__(whole))


def _state_of_refusal(error: RuntimeError) -> SavedState:
    return "freed" if _FREED in str(error) else "not_shown"


def _state_of_node(found: list[Saved]) -> NodeState:
    states = {seen.state for seen in found}
    if "freed" in states:
        return "freed"
    if states & {"live", "changed"}:
        return "alive"
    return "unknown" if states & {"packed", "not_shown"} else "saves_nothing"


def _note_change(seen: Saved, error: RuntimeError) -> None:
    """Read torch's sentence "… is at version 2; expected version 1 instead"."""
    text = str(error)
    if _DETACHED in text:
        seen.state, seen.detached = "changed", True
        return
    if _CHANGED not in text:
        seen.state = _state_of_refusal(error)
        return
    seen.state = "changed"
    expected = text.partition("expected version ")[2].partition(" ")[0]
    seen.version_saved = int(expected) if expected.isdigit() else -1


def _note_change_among(found: list[Saved], error: RuntimeError) -> None:
    """Of several saved tensors unpacked at once, find the one that torch's sentence speaks of."""
    text = str(error)
    now = text.partition("is at version ")[2].partition(";")[0]
    for seen in found:
        if _CHANGED in text and seen.state == "live" and str(seen.version_now) == now:
            _note_change(seen, error)
            return
