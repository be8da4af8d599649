"""Every state in which the page can stand has its sentence."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from report.tapes import Tape, seed
from tapelens.store.sessions import SessionInfo
from web.browsing import Opened, settled_nodes
from web.recorded import SESSION, open_session, recorded_messages, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_without_a_session_it_says_how_to_start_one(panel: Opened):
    page = await panel.open()
    await expect(page.get_by_role("status")).to_contain_text("tapelens run --panel --break train.py:41 train.py")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "starting"}, "The program is starting"),
        ({"state": "running", "torch": "watching"}, "set a breakpoint, or pause it"),
        ({"state": "running", "torch": "not_imported"}, "has not imported torch so far"),
        ({"state": "stopped", "torch": "not_imported"}, "No PyTorch here yet"),
        ({"state": "stopped", "torch": "watching"}, "Reading the tensors"),
        ({"state": "stopped", "torch": "too_old", "torch_version": "1.13.1"}, "(1.13.1) is too old"),
        ({"state": "running", "torch": "switched_off"}, "switched off"),
        ({"state": "ended"}, "It never stopped"),
        ({"state": "ended", "problem": "The debugger was killed."}, "The debugger was killed."),
        ({"state": "stopped", "problem": "The probe is not in."}, "The probe is not in."),
    ],
)
async def test_a_session_without_a_stop_says_where_it_stands(panel: Opened, changes: dict[str, str], words: str):
    panel.store.open(SessionInfo(session=SESSION, label="train.py"))
    panel.store.update(SESSION, **changes)
    page = await panel.open()
    await expect(page.locator(".standing")).to_contain_text(words)


async def test_a_running_program_leaves_its_last_stop_dimmed(panel: Opened):
    page = await panel.open(*recorded_messages())
    panel.store.update(panel.store.sessions()[0].session, state="running")
    await expect(page.locator(".panel")).to_have_class(re.compile("past"))
    await expect(page.get_by_role("status")).to_contain_text("Running. Below is the last stop.")
    await expect(page.get_by_role("button", name="Pause the program")).to_be_visible()


async def test_an_ended_program_keeps_its_last_stop_and_loses_its_buttons(panel: Opened):
    page = await panel.open(*recorded_messages())
    panel.store.update(panel.store.sessions()[0].session, state="ended")
    await expect(page.get_by_role("status")).to_contain_text("has ended")
    await expect(page.locator(".controls")).to_have_count(0)
    assert len(await settled_nodes(page)) == 5


async def test_a_lost_server_is_said_and_found_again(panel: Opened):
    page = await panel.open(*recorded_messages())
    await panel.stop_serving()
    await expect(page.get_by_role("status")).to_contain_text("The connection to tapelens is lost")
    assert len(await settled_nodes(page)) == 5
    await panel.serve_again()
    await page.get_by_role("button", name="Try now").click()
    await expect(page.get_by_text("connection to tapelens is lost")).to_have_count(0)
    await expect(page.locator(".panel")).not_to_have_class(re.compile("past"))
    panel.complaints[:] = [words for words in panel.complaints if "ERR_CONNECTION_REFUSED" not in words]


async def test_a_server_that_ends_with_its_program_is_no_lost_connection(panel: Opened):
    page = await panel.open(*recorded_messages())
    panel.store.update(panel.store.sessions()[0].session, state="ended")
    await expect(page.get_by_role("status")).to_contain_text("The program has ended.")
    await panel.stop_serving()
    await expect(page.get_by_role("status")).to_contain_text("has ended, and tapelens with it")
    assert len(await settled_nodes(page)) == 5
    panel.complaints[:] = [words for words in panel.complaints if "ERR_CONNECTION_REFUSED" not in words]


async def test_a_page_of_another_version_is_refused_in_words(panel: Opened):
    older = "const send = WebSocket.prototype.send; WebSocket.prototype.send = function (text) { send.call(this, text.replace('\"wire\":1', '\"wire\":0')); };"  # noqa: E501
    page = await panel.open(inject=older)
    await expect(page.locator(".standing")).to_contain_text("start both from the same tapelens")


async def test_a_stop_without_a_graph_says_why(panel: Opened):
    tape = Tape()
    tape.tensor("x", requires_grad=1)
    open_session(panel.store)
    panel.store.update(SESSION, state="stopped")
    tell(panel.store, tape.snapshot())
    page = await panel.open()
    await expect(page.locator(".blank")).to_contain_text("No graph yet")
    tell(panel.store, replace(tape.snapshot(stop=2), grad_mode=False))
    await expect(page.locator(".blank")).to_contain_text("Grad mode is off here")


async def test_the_session_that_stopped_last_is_shown_until_one_is_chosen(panel: Opened):
    open_session(panel.store, "one", label="one.py")
    open_session(panel.store, "two", label="two.py")
    page = await panel.open()
    for session in ("two", "one"):
        panel.store.update(session, state="stopped")
        tell(panel.store, seed().snapshot(), session=session)
    picker = page.get_by_role("combobox", name="Debug session")
    await expect(picker).to_have_value("one")
    await picker.select_option("two")
    tell(panel.store, seed().snapshot(stop=2), session="one")
    await expect(picker).to_have_value("two")
