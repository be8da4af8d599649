"""What the probe sends: batches of messages of one process."""

from dataclasses import dataclass
from typing import Literal

from .asked import Previewed, TapePage
from .findings import Finding
from .gradients import Gradients
from .processes import Dropped, Goodbye, Hello, ProbeFault, Process, Uncaught
from .snapshot import Snapshot

ProbeMessage = Hello | Snapshot | Gradients | TapePage | Previewed | Finding | Uncaught | Dropped | ProbeFault | Goodbye


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The JSON in ``data`` of one custom event, and of one answer to a command.

    Attributes:
        wire: Version of the wire.
        process: Who speaks.
        messages: In the order in which they came to be.
    """

    kind: Literal["batch"]
    wire: int
    process: Process
    messages: tuple[ProbeMessage, ...]
