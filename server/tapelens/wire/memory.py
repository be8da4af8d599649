"""What tensors hold in the process, and who keeps an old graph alive."""

from dataclasses import dataclass
from typing import Literal

KeeperKind = Literal["frame", "global", "module", "optimizer", "container", "unknown"]


@dataclass(frozen=True, kw_only=True)
class KeptColumns:
    """Bytes kept for backward, one row a line and module; most bytes first.

    Each storage is counted once, at the node that saved it first, and parameters not at all.

    Attributes:
        site: Site row of the line that made the nodes, -1 unknown.
        module: String row of the module path, -1 unknown or outside any.
        nodes: Nodes that save something.
        storages: Storages counted here.
        size_bytes: What they hold.
    """

    site: tuple[int, ...]
    module: tuple[int, ...]
    nodes: tuple[int, ...]
    storages: tuple[int, ...]
    size_bytes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class DeviceMemory:
    """What an accelerator's own allocator says, bytes.

    Attributes:
        device: Such as ``cuda:0``.
        allocated: Held by tensors.
        reserved: Held by the allocator.
        peak: Most that was allocated so far.
    """

    device: str
    allocated: int
    reserved: int
    peak: int


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """A tensor that keeps a graph alive which the backward foreseen does not run.

    Attributes:
        path: How a person reaches it: ``losses[0]``, ``self.history["loss"][3]``.
        kind: What holds it.
        function: Qualified name of the frame's function, or the module's name for a global; empty otherwise.
        node: Node row of its grad_fn, -1 when that is not in the snapshot.
        nodes: Nodes below it that no backward foreseen runs.
        size_bytes: What these nodes keep for backward.
    """

    path: str
    kind: KeeperKind
    function: str
    node: int
    nodes: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes by what they are for; a storage counts once, for the first of these that holds it.

    Attributes:
        parameters: Parameters that the frame or the graph reaches.
        buffers: Buffers of modules.
        gradients: ``.grad`` of the leaves.
        optimizer: State of the optimizers that the frame reaches.
        kept: Saved for backward, without parameters; what hooks packed is not in it.
        kept_by: The same by line and module.
        packed: Saved tensors that a hook packed, whose bytes nobody can tell.
        devices: Accelerators that the process uses.
        keepers: Most bytes first.
    """

    parameters: int
    buffers: int
    gradients: int
    optimizer: int
    kept: int
    kept_by: KeptColumns
    packed: int
    devices: tuple[DeviceMemory, ...]
    keepers: tuple[Keeper, ...]
