"""The methods beyond LSP's own: what is said, and by whom (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

from ..errors import WireError
from ..wire.asked import Previewed
from ..wire.commands import Lines
from ..wire.encode import to_plain
from ..wire.findings import Finding
from ..wire.reading import structure

T = TypeVar("T")

# The client's, of the editor's own debug sessions -------------------------------------------------

BOOTSTRAP = "tapelens/bootstrap"
DAP_SESSION = "tapelens/dapSession"
DAP_EVENT = "tapelens/dapEvent"
PANEL = "tapelens/panel"
"""Goes both ways."""


@dataclass(frozen=True, kw_only=True)
class BootstrapParams:
    """Asks for the expression that puts the probe into a program; the answer is a ``Bootstrap``.

    Attributes:
        armed: Whether the probe captures from the first stop on.
        pause_on: Slugs of rules that pause the program; None for those of the client's settings.
        lines: Whether nodes' lines are noted; None for the client's settings.
        cards: Cards in the debugger's own views; None for the client's settings.
    """

    armed: bool = True
    pause_on: tuple[str, ...] | None = None
    lines: Lines | None = None
    cards: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The expression; it does not depend on the session."""

    expression: str


@dataclass(frozen=True, kw_only=True)
class DapSessionParams:
    """A debug session of the editor's has begun.

    Attributes:
        session: The id that everyone calls it by from now on, such as ``vscode:<session id>``.
        type: The debug type, ``debugpy`` or ``python``.
        configuration: Its launch configuration as one JSON string.
        parent: The parent session's id, for ranks and children.
    """

    session: str
    type: str
    configuration: str
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class DapEventParams:
    """An event of the editor's debug adapter, or ``tapelensBootstrap`` with the bootstrap's answer.

    Attributes:
        body: The event's body as one JSON string.
    """

    session: str
    event: str
    body: str


@dataclass(frozen=True, kw_only=True)
class PanelParams:
    """One message of the panel's wire, as one JSON string."""

    message: str


# The server's -------------------------------------------------------------------------------------

DAP = "tapelens/dap"


@dataclass(frozen=True, kw_only=True)
class DapParams:
    """Asks the editor to send one DAP request; it answers a ``DapAnswer`` or an error with one sentence.

    Attributes:
        arguments: The request's arguments as one JSON string.
    """

    session: str
    command: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class DapAnswer:
    """The response's body as one JSON string."""

    body: str


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A program stands still, and what there is to know of the stop is known.

    Attributes:
        stop: The process's stop number, None when there is no snapshot.
        path: None when the debugger could not tell.
        line: From 1; 0 when the debugger could not tell.
        reason: DAP's reason, or the slug of the rule that paused the program.
        text: What the debugger says beside it, or empty.
    """

    session: str
    stop: int | None
    path: str | None
    line: int
    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Continued:
    """A program that stood still goes on."""

    session: str


@dataclass(frozen=True, kw_only=True)
class FindingSeen:
    """A rule spoke; one for the same rule and site replaces the earlier."""

    session: str
    finding: Finding


@dataclass(frozen=True, kw_only=True)
class Output:
    """Something that a launched program wrote; ``category`` is ``stdout`` or ``stderr``."""

    session: str
    category: str
    text: str


@dataclass(frozen=True, kw_only=True)
class SessionEnded:
    """A session is over.

    Attributes:
        exit_code: The program's exit status, None when nobody told it.
        problem: One sentence when something went wrong, else None.
    """

    session: str
    exit_code: int | None
    problem: str | None


Announcement = Stopped | Continued | FindingSeen | Output | SessionEnded

METHOD_OF: Mapping[type[Announcement], str] = {
    Stopped: "tapelens/stopped",
    Continued: "tapelens/continued",
    FindingSeen: "tapelens/finding",
    Output: "tapelens/output",
    SessionEnded: "tapelens/sessionEnded",
}
"""Told only to a client that set ``initializationOptions.tapelens.notifications``."""


# Arguments of commands, by ``workspace/executeCommand`` -------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BreakpointArguments:
    """A line to stop at; a relative path is taken from the program's ``cwd``, the rest is as in DAP."""

    path: str
    line: int
    condition: str | None = None
    hitCondition: str | None = None  # noqa: N815 (as written there)


@dataclass(frozen=True, kw_only=True)
class FunctionBreakpointArguments:
    """A function to stop in, by its name; as in DAP."""

    name: str
    condition: str | None = None
    hitCondition: str | None = None  # noqa: N815


@dataclass(frozen=True, kw_only=True)
class LaunchArguments:
    """Of ``tapelens.launch``; exactly one of ``program`` and ``module``.

    Attributes:
        tapelens: Put the probe in.
    """

    program: str | None = None
    module: str | None = None
    args: tuple[str, ...] = ()
    cwd: str | None = None
    env: dict[str, str] = field(default_factory=dict[str, str])
    python: str | None = None
    breakpoints: tuple[BreakpointArguments, ...] = ()
    function_breakpoints: tuple[FunctionBreakpointArguments, ...] = ()
    tapelens: bool = True


@dataclass(frozen=True, kw_only=True)
class PathMappingArguments:
    """A folder here and the same folder as the program names it, as in VS Code's launch configurations."""

    localRoot: str  # noqa: N815 (as written there)
    remoteRoot: str  # noqa: N815


@dataclass(frozen=True, kw_only=True)
class AttachArguments:
    """Of ``tapelens.attach``: where ``debugpy --listen`` listens, or the id of a process that runs."""

    host: str = "127.0.0.1"
    port: int | None = None
    pid: int | None = None
    breakpoints: tuple[BreakpointArguments, ...] = ()
    path_mappings: tuple[PathMappingArguments, ...] = ()
    tapelens: bool = True


@dataclass(frozen=True, kw_only=True)
class SessionArguments:
    """Of the commands that act on a session."""

    session: str


@dataclass(frozen=True, kw_only=True)
class PreviewArguments:
    """Of ``tapelens.preview``.

    Attributes:
        expression: A name, attributes and constant subscripts; empty for the backward foreseen at the stop.
    """

    session: str
    expression: str = ""


@dataclass(frozen=True, kw_only=True)
class ExplainArguments:
    """Of ``tapelens.explain``: the slug of a rule."""

    rule: str


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What ``tapelens.explain`` answers, once it has asked the client to show the page.

    Attributes:
        text: The rule's page, as Markdown.
        uri: The file that holds it, None where none is at hand.
    """

    rule: str
    text: str
    uri: str | None


@dataclass(frozen=True, kw_only=True)
class LintArguments:
    """Of ``tapelens.lint``: files and folders to look through; none for the workspace's own."""

    paths: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Linted:
    """What ``tapelens.lint`` answers, once all that it found has been published."""

    files: int
    findings: int


@dataclass(frozen=True, kw_only=True)
class PreviewTold:
    """What ``tapelens.preview`` answers."""

    preview: Previewed


@dataclass(frozen=True, kw_only=True)
class SessionOpened:
    """What ``tapelens.launch`` and ``tapelens.attach`` answer.

    Attributes:
        session: Its id.
        notes: Sentences on what will not work as asked, such as a breakpoint where nothing can stop.
    """

    session: str
    notes: Sequence[str]


def to_params(
    message: Bootstrap | DapParams | Explained | Linted | PanelParams | PreviewTold | SessionOpened | Announcement,
) -> dict[str, Any]:
    """A message as LSP spells it: names in camel case, the wire's own types as the wire spells them."""
    return {camel(each.name): to_plain(getattr(message, each.name)) for each in fields(message)}


def read_params(value: object, kind: type[T]) -> T:
    """What a client said, as the class that we read it with; absent params are an empty object.

    Raises:
        WireError: It does not fit: the path of what is wrong and what was expected, in one sentence.
    """
    renamed = {camel(each.name): each.name for each in fields(cast("Any", kind)) if "_" in each.name}
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        value = {renamed.get(name, name): member for name, member in members.items()}
    try:
        return cast("T", structure({} if value is None else value, kind))
    except WireError as unfit:
        sentence = str(unfit)
        for spelled, own in renamed.items():
            if sentence.startswith((f"{own}:", f"{own}.", f"{own}[")):
                sentence = spelled + sentence.removeprefix(own)
        raise WireError(sentence) from unfit


def camel(name: str) -> str:
    """``exit_code`` as LSP spells it: ``exitCode``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
