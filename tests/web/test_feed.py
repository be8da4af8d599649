"""What a panel is told, and when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from report.tapes import seed, seed_gradients
from tapelens.errors import SessionError
from tapelens.sessions.interface import Action
from tapelens.store.sessions import Store
from tapelens.web import feed
from tapelens.web.feed import PanelFeed
from tapelens.wire import VERSION
from tapelens.wire.asked import Previewed, TapePage
from tapelens.wire.commands import Command, Preview, Tape
from tapelens.wire.envelope import Batch, ProbeMessage
from tapelens.wire.findings import Finding
from tapelens.wire.processes import Uncaught
from tapelens.wire.sites import Site
from web.recorded import PROCESS, SESSION, open_session, tell

HELLO = json.dumps({"kind": "panel_hello", "wire": VERSION, "token": ""})
FINDING = Finding(
    kind="finding",
    rule="missing-zero-grad",
    severity="warning",
    message="Gradients of step 1 are still there.",
    site=Site(path="/work/train.py", line=4, function="<module>", in_library=False),
    span=None,
    related=(),
    facts=(),
    fix=None,
    seen="live",
    foreseen=False,
    stop=1,
    count=1,
)


class Panel:
    """A feed, what it told, and what was done for it."""

    def __init__(self, store: Store, *, fails: str = "", answers: Sequence[ProbeMessage] = ()) -> None:
        self.said: list[dict[str, Any]] = []
        self.done: list[tuple[str, Action]] = []
        self.asked: list[tuple[str, Command]] = []
        self._fails = fails
        self._answers = answers
        self.feed = PanelFeed(store, lambda text: self.said.append(json.loads(text)), act=self._act, ask=self._ask)
        self.feed.start()

    async def _act(self, session: str, action: Action) -> None:
        if self._fails:
            raise SessionError(self._fails)
        self.done.append((session, action))

    async def _ask(self, session: str, command: Command) -> Batch:
        if self._fails:
            raise SessionError(self._fails)
        self.asked.append((session, command))
        return Batch(kind="batch", wire=VERSION, process=PROCESS, messages=tuple(self._answers))

    @property
    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.said]

    def ask(self, **message: Any) -> None:
        self.feed.receive(json.dumps(message))


def page() -> TapePage:
    snapshot = seed().snapshot(stop=2)
    return TapePage(
        kind="tape_page",
        stop=2,
        first=20_000,
        total=1_000_000,
        complete=True,
        strings=snapshot.strings,
        shapes=snapshot.shapes,
        sites=snapshot.sites,
        nodes=snapshot.nodes,
        edges=snapshot.edges,
        saved=snapshot.saved,
    )


def told_store() -> Store:
    store = Store()
    open_session(store)
    store.update(SESSION, state="stopped", stop_reason="breakpoint")
    tell(store, seed().snapshot(stop=1))
    tell(store, seed_gradients(stop=1))
    tell(store, seed().snapshot(stop=2))
    tell(store, FINDING)
    tell(store, Uncaught(kind="uncaught", type_name="RuntimeError", message="again", site=None, stop=2))
    return store


def test_a_panel_hears_nothing_before_it_has_said_hello():
    store = told_store()
    panel = Panel(store)
    tell(store, seed().snapshot(stop=3))
    assert panel.said == []


def test_hello_is_answered_by_all_that_is_known_in_the_order_in_which_it_happened():
    panel = Panel(told_store())
    panel.feed.receive(HELLO)
    assert panel.kinds == [
        "welcome", "session", "stop", "stop_gradients", "stop", "session_finding", "session_uncaught",
    ]  # fmt: skip
    assert panel.said[0]["wire"] == VERSION
    assert panel.said[1]["state"] == "stopped"
    assert [said["snapshot"]["stop"] for said in panel.said if said["kind"] == "stop"] == [1, 2]


def test_a_stop_comes_with_a_sentence_for_each_tensor_and_what_backward_will_do():
    panel = Panel(told_store())
    panel.feed.receive(HELLO)
    stop = panel.said[2]
    assert {sentence["title"] for sentence in stop["sentences"]} >= {"Why is y1.grad None?"}
    assert stop["forecast"].startswith("loss.backward() will fill x.grad.")


def test_each_change_is_told_as_it_comes():
    store = Store()
    panel = Panel(store)
    panel.feed.receive(HELLO)
    open_session(store)
    store.update(SESSION, state="running")
    tell(store, seed().snapshot())
    tell(store, seed_gradients())
    tell(store, replace(FINDING, count=2))
    states = [said["state"] for said in panel.said if said["kind"] == "session"]
    assert states[0] == "starting"
    assert states[-1] == "running"
    assert panel.kinds[-3:] == ["stop", "stop_gradients", "session_finding"]
    assert panel.said[-1]["finding"]["count"] == 2


def test_a_closed_feed_says_nothing_more():
    store = Store()
    panel = Panel(store)
    panel.feed.receive(HELLO)
    panel.feed.close()
    open_session(store)
    assert panel.kinds == ["welcome"]


def test_a_page_of_another_wire_version_is_refused_in_one_sentence():
    panel = Panel(told_store())
    panel.ask(kind="panel_hello", wire=VERSION + 1, token="")
    assert panel.kinds == ["refused"]
    assert f"version {VERSION + 1}" in panel.said[0]["reason"]


def test_what_is_no_message_is_refused_with_its_path():
    panel = Panel(Store())
    panel.ask(kind="control", session="a", action="explode")
    panel.feed.receive("no JSON")
    assert panel.kinds == ["refused", "refused"]
    assert "action" in panel.said[0]["reason"]


async def test_a_button_acts_on_its_session():
    panel = Panel(told_store())
    panel.ask(kind="control", session=SESSION, action="step_in")
    await asyncio.sleep(0)
    assert panel.done == [(SESSION, "step_in")]
    assert panel.said == []


async def test_what_a_button_cannot_do_is_said():
    panel = Panel(told_store(), fails="The program does not stand still.")
    panel.ask(kind="control", session=SESSION, action="next")
    await asyncio.sleep(0)
    assert panel.said == [{"kind": "refused", "reason": "The program does not stand still."}]


def test_a_button_of_a_session_that_is_gone_is_refused():
    panel = Panel(Store())
    panel.ask(kind="control", session="gone", action="next")
    assert panel.kinds == ["refused"]


async def test_a_stretch_of_the_tape_is_asked_of_the_session_s_probe_and_told_to_this_panel_alone():
    store = told_store()
    panel, other = Panel(store, answers=[page()]), Panel(store)
    panel.ask(kind="ask_tape", session=SESSION, first=20_000, count=500)
    await asyncio.sleep(0)
    assert panel.asked == [(SESSION, Tape(kind="tape", depth=0, first=20_000, count=500))]
    assert panel.kinds == ["stop_tape"]
    assert panel.said[0]["page"]["total"] == 1_000_000
    assert other.said == []


async def test_a_preview_is_asked_of_the_session_s_probe_and_told():
    refused = ("A hook of yours would run.",)
    preview = Previewed(kind="previewed", stop=2, expression="loss", refused=refused, gradients=None)
    panel = Panel(told_store(), answers=[preview])
    panel.ask(kind="ask_preview", session=SESSION)
    await asyncio.sleep(0)
    assert panel.asked == [(SESSION, Preview(kind="preview", depth=0, expression=""))]
    assert panel.kinds == ["stop_preview"]
    assert panel.said[0]["preview"]["refused"] == list(refused)


async def test_what_cannot_be_asked_is_said():
    panel = Panel(told_store(), fails="The program is running.")
    panel.ask(kind="ask_tape", session=SESSION, first=0, count=1)
    await asyncio.sleep(0)
    assert panel.said == [{"kind": "refused", "reason": "The program is running."}]


async def test_a_probe_without_an_answer_leaves_no_panel_waiting():
    panel = Panel(told_store(), answers=[])
    panel.ask(kind="ask_preview", session=SESSION)
    await asyncio.sleep(0)
    assert panel.kinds == ["refused"]


def test_asking_for_a_line_is_left_to_the_editor():
    panel = Panel(Store())
    panel.ask(kind="open_source", path="/work/train.py", line=3)
    assert panel.said == []


def test_of_a_long_history_a_new_panel_gets_the_newest(monkeypatch):
    store = Store()
    open_session(store)
    for stop in range(1, 51):
        tell(store, seed().snapshot(stop=stop))
    monkeypatch.setattr(feed, "REPLAY_BYTES", 40_000)
    panel = Panel(store)
    panel.feed.receive(HELLO)
    serials = [said["snapshot"]["stop"] for said in panel.said if said["kind"] == "stop"]
    assert serials == list(range(51 - len(serials), 51))
    assert 1 < len(serials) < 50


def test_the_newest_stop_is_sent_however_large(monkeypatch):
    store = told_store()
    monkeypatch.setattr(feed, "REPLAY_BYTES", 1)
    panel = Panel(store)
    panel.feed.receive(HELLO)
    assert [said["snapshot"]["stop"] for said in panel.said if said["kind"] == "stop"] == [2]
