"""A recorded session, filed into a store as its debugger's events were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from report.tapes import HERE
from tapelens.store.sessions import SessionInfo, Store
from tapelens.wire import VERSION
from tapelens.wire.envelope import Batch, ProbeMessage
from tapelens.wire.findings import Fact, Finding, Related
from tapelens.wire.panel import PanelFinding, PanelGradients, PanelSession, PanelStop, PanelUncaught, ToPanel
from tapelens.wire.processes import Hello, Process
from tapelens.wire.reading import read_to_panel

FIXTURES = Path(__file__).parent / "fixtures"
PROGRAM = FIXTURES / "hooked_gradients.py"
RECORDED_AS = "/seed/hooked_gradients.py"
SESSION = "direct:seed"
PROCESS = Process(pid=4242, host="workstation", rank=None, local_rank=None, parent=4200, restart=0)


FINDING = Finding(
    kind="finding",
    rule="missing-zero-grad",
    severity="warning",
    message="w still holds the gradient of step 1. Call optimizer.zero_grad() before the backward.",
    site=replace(HERE, line=14),
    span=None,
    related=(Related(site=replace(HERE, line=13), message="This backward added to it."),),
    facts=(Fact(name="used by step", value="1"),),
    fix=None,
    seen="live",
    foreseen=False,
    stop=1,
    count=3,
)


def recorded_messages() -> list[ToPanel]:
    """What the server told a panel while the program was stepped through to its end."""
    text = (FIXTURES / "hooked_gradients.jsonl").read_text(encoding="utf-8").replace(RECORDED_AS, str(PROGRAM))
    return [read_to_panel(line) for line in text.splitlines()]


def file_messages(store: Store, messages: list[ToPanel]) -> None:
    for message in messages:
        file_message(store, message)


def file_message(store: Store, message: ToPanel) -> None:
    match message:
        case PanelSession():
            open_session(store, message.session, label=message.label, controls=message.controls)
        case PanelStop():
            store.update(message.session, state="stopped", stop_reason=message.reason)
            tell(store, message.snapshot, session=message.session)
        case PanelGradients():
            tell(store, message.gradients, session=message.session)
        case PanelFinding():
            tell(store, message.finding, session=message.session)
        case PanelUncaught():
            tell(store, message.uncaught, session=message.session)
        case _:
            raise AssertionError(message)


def open_session(store: Store, session: str = SESSION, *, label: str = "train.py", controls: bool = True) -> None:
    """A session whose probe has seen torch."""
    store.open(SessionInfo(session=session, label=label, controls=controls))
    hello = Hello(
        kind="hello", wire=VERSION, python="3.11.7", torch="2.13.0", state="watching", cwd="/home", missing=()
    )
    tell(store, hello)


def tell(store: Store, message: ProbeMessage, *, session: str = SESSION) -> None:
    """One message of the session's probe."""
    known = [info.session for info in store.sessions()]
    where = session if session in known else known[-1]
    store.take(where, Batch(kind="batch", wire=VERSION, process=PROCESS, messages=(message,)))


def last_stop() -> PanelStop:
    return [message for message in recorded_messages() if isinstance(message, PanelStop)][-1]


def renamed(stop: PanelStop, names: dict[str, str]) -> PanelStop:
    """The stop with other names in place of the program's."""
    strings = tuple(names.get(text, text) for text in stop.snapshot.strings)
    return replace(stop, snapshot=replace(stop.snapshot, strings=strings))
