"""What tensors hold in the process, and who keeps an old graph alive."""

from dataclasses import dataclass
from typing import Literal

KeeperKind = Literal[
    "frame", "global", "module", "object", "container", "optimizer", "closure", "generator", "exception"
]
"""What holds the tensor itself: a variable, an attribute, an element, a paused generator, a traceback's frames."""


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
    """Something with a name that keeps graphs of earlier steps alive.

    A node counts as of an earlier step when it was made before the step before the last one ended,
    so that variables which the next iteration overwrites are none.

    Attributes:
        path: How a person reaches it: ``self.total``; of several tensors in one container that container: ``losses``.
        first: The path of the first such tensor: ``losses[0]``.
        last: The path of the last one; the same as ``first`` for a single tensor.
        kind: What holds the tensors.
        function: Qualified name of the function where the path begins, or the module's name for a
            global; of a closure the function that closes over it.
        tensors: How many tensors hold such graphs.
        steps: Steps in which the nodes were made; more than ``tensors`` where a graph reaches back through them.
        node: Node row of the first tensor's grad_fn, -1 when that is not in the snapshot.
        nodes: Nodes of earlier steps below the tensors.
        size_bytes: What these nodes keep for backward, each storage once, without parameters.
        at_least: A bound kept nodes from being looked at: there is more than ``nodes`` and ``size_bytes`` say.
    """

    path: str
    first: str
    last: str
    kind: KeeperKind
    function: str
    tensors: int
    steps: int
    node: int
    nodes: int
    size_bytes: int
    at_least: bool


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes by what they are for; a storage counts once, for the first of these that holds it.

    Attributes:
        parameters: Parameters, and other leaves that require grad, that the frame or the graph reaches.
        buffers: Buffers of modules that the frame reaches.
        gradients: ``.grad`` of the leaves, and of those that retain theirs.
        optimizer: State of the optimizers that the frame reaches.
        kept: Saved for backward, without parameters; what hooks packed is not in it.
        kept_by: The same by line and module.
        packed: Saved tensors that a hook packed, whose bytes nobody can tell.
        not_shown: Saved tensors whose bytes could not be read: of a kind that cannot be asked, or with an
            older torch; ``kept`` is without them.
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
    not_shown: int
    devices: tuple[DeviceMemory, ...]
    keepers: tuple[Keeper, ...]
