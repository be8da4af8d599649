"""What the server and the panel say to each other, in the webview and over the web socket."""

from dataclasses import dataclass
from typing import Literal

from .asked import Previewed, TapePage
from .findings import Finding
from .gradients import Gradients
from .processes import Process, TorchState, Uncaught
from .snapshot import Snapshot

SessionState = Literal["starting", "running", "stopped", "ended"]


@dataclass(frozen=True, kw_only=True)
class PanelSession:
    """A debug session as it stands now; sent anew whenever it changes.

    Attributes:
        session: The session's id.
        label: What to call it: the program's file name, or the configuration's name.
        state: Where it stands.
        torch: What the probe can show, None while it has not spoken.
        torch_version: None while unknown.
        process: None while the probe has not spoken.
        parent: Session id of the parent, for ranks and children.
        controls: Whether continue, step, pause and stop work from the panel.
        problem: One sentence when something went wrong (the process died, torch is too old), else None.
    """

    kind: Literal["session"]
    session: str
    label: str
    state: SessionState
    torch: TorchState | None
    torch_version: str | None
    process: Process | None
    parent: str | None
    controls: bool
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class SourceExcerpt:
    """Lines around a site, as the server reads them; empty where it cannot.

    Attributes:
        first_line: Number of the first line, from 1.
        lines: Without line ends.
    """

    path: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TensorSentence:
    """What a newcomer should read of one tensor, worded by the server once for all front ends.

    Attributes:
        tensor: Tensor row of the snapshot.
        title: A short question or statement, such as ``Why is y1.grad None?``.
        text: One to three plain sentences.
        advice: What to do, or empty.
    """

    tensor: int
    title: str
    text: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class KeeperSentence:
    """What a person should read about a name that keeps old graphs alive.

    Attributes:
        keeper: Row of the snapshot's ``memory.keepers``.
        text: One sentence.
        advice: What to do.
    """

    keeper: int
    text: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class PanelStop:
    """One stop with all that a front end needs to draw it.

    Attributes:
        reason: DAP's reason of the stop, or a rule's slug when it paused the program.
        source: Where the frame stands.
        sentences: One for each tensor of the frame.
        keepers: One for each of the snapshot's ``memory.keepers``.
        forecast: What backward will do, in one or two sentences; empty without a graph.
    """

    kind: Literal["stop"]
    session: str
    reason: str
    snapshot: Snapshot
    source: SourceExcerpt
    sentences: tuple[TensorSentence, ...]
    keepers: tuple[KeeperSentence, ...]
    forecast: str


@dataclass(frozen=True, kw_only=True)
class PanelGradients:
    """What flowed in a backward; it belongs to every earlier stop whose graph holds its nodes.

    Attributes:
        nonfinite: Who was the first to make a gradient not finite, in a sentence; empty when nobody did.
    """

    kind: Literal["stop_gradients"]
    session: str
    gradients: Gradients
    nonfinite: str


@dataclass(frozen=True, kw_only=True)
class PanelPreview:
    """The answer to ``AskPreview``."""

    kind: Literal["stop_preview"]
    session: str
    preview: Previewed


@dataclass(frozen=True, kw_only=True)
class PanelTapePage:
    """The answer to ``AskTape``."""

    kind: Literal["stop_tape"]
    session: str
    page: TapePage


@dataclass(frozen=True, kw_only=True)
class PanelFinding:
    """A finding of a session; one with the same rule and site replaces it (its count rose)."""

    kind: Literal["session_finding"]
    session: str
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class PanelUncaught:
    """The session's program stopped at, or ended with, an exception that nobody catches."""

    kind: Literal["session_uncaught"]
    session: str
    uncaught: Uncaught


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """The server's first message: everything known follows, then what is new as it comes."""

    kind: Literal["welcome"]
    wire: int
    version: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The server cannot do what was asked; one sentence says why."""

    kind: Literal["refused"]
    reason: str


ToPanel = (
    Welcome
    | PanelSession
    | PanelStop
    | PanelGradients
    | PanelPreview
    | PanelTapePage
    | PanelFinding
    | PanelUncaught
    | Refused
)


@dataclass(frozen=True, kw_only=True)
class PanelHello:
    """The panel's first message; the token is the page's own, empty in the webview."""

    kind: Literal["panel_hello"]
    wire: int
    token: str


@dataclass(frozen=True, kw_only=True)
class Control:
    """A button of the panel."""

    kind: Literal["control"]
    session: str
    action: Literal["continue", "next", "step_in", "step_out", "pause", "stop"]


@dataclass(frozen=True, kw_only=True)
class OpenSource:
    """Show a line in the editor; a browser page cannot and does not ask."""

    kind: Literal["open_source"]
    path: str
    line: int


@dataclass(frozen=True, kw_only=True)
class AskPreview:
    """Compute what the backward foreseen at the session's stop would bring."""

    kind: Literal["ask_preview"]
    session: str


@dataclass(frozen=True, kw_only=True)
class AskTape:
    """Send a stretch of the tape that the snapshot of the session's stop does not hold."""

    kind: Literal["ask_tape"]
    session: str
    first: int
    count: int


FromPanel = PanelHello | Control | OpenSource | AskPreview | AskTape
