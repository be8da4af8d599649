"""Buttons, findings and exceptions on the page."""

# ruff: noqa: RUF001 (a true minus and a multiplication sign are what the page shows)

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from report.tapes import HERE
from tapelens.wire.asked import Previewed
from tapelens.wire.commands import Preview
from tapelens.wire.panel import PanelGradients, PanelStop
from tapelens.wire.processes import Uncaught
from web.browsing import Opened
from web.recorded import FINDING, recorded_messages, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_buttons_act_and_stand_only_where_they_can(panel: Opened):
    page = await panel.open(*recorded_messages())
    await page.get_by_role("button", name="Continue to the next breakpoint").click()
    await page.get_by_role("button", name="Step: run this line").click()
    session = panel.store.sessions()[0].session
    await expect(page.locator(".controls")).to_be_visible()
    assert panel.done == [(session, "continue"), (session, "next")]
    panel.store.update(session, controls=False)
    await expect(page.locator(".controls")).to_have_count(0)


async def test_what_a_button_cannot_do_is_said_and_can_be_dismissed(panel: Opened):
    page = await panel.open(*recorded_messages())
    panel.fails = "The program does not stand still."
    await page.get_by_role("button", name="Stop the program").click()
    await expect(page.get_by_role("alert")).to_contain_text("The program does not stand still.")
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_preview_is_asked_for_by_a_button_and_drawn_as_one(panel: Opened):
    recorded = recorded_messages()
    gradients = next(message.gradients for message in recorded if isinstance(message, PanelGradients))
    before = [message for message in recorded if not (isinstance(message, PanelStop) and message.snapshot.stop > 7)]
    page = await panel.open(*[message for message in before if not isinstance(message, PanelGradients)])
    button = page.get_by_role("button", name="Preview gradients")
    preview = Previewed(kind="previewed", stop=7, expression="loss", refused=(), gradients=None)
    panel.answer = replace(preview, refused=("The hook f on MulBackward0 would run.",))
    await button.click()
    await expect(page.get_by_role("alert")).to_contain_text("No preview of loss: The hook f on MulBackward0 would run.")
    panel.answer = replace(preview, gradients=replace(gradients, stop=7, backward=0))
    await button.click()
    await expect(page.locator(".edge.previewed").first).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(button).to_have_count(0)
    note = page.get_by_role("complementary", name="What backward will do")
    await expect(note).to_contain_text("The numbers are a preview: nothing was accumulated or freed.")
    assert panel.asked == [Preview(kind="preview", depth=0, expression="")] * 2


async def test_a_finding_stands_with_rule_message_place_and_count(panel: Opened):
    page = await panel.open(*recorded_messages())
    await expect(page.get_by_role("heading", name=re.compile("Findings"))).to_have_count(0)
    tell(panel.store, FINDING)
    tell(panel.store, replace(FINDING, rule="double-backward", foreseen=True, stop=8))
    await expect(page.get_by_role("button", name=re.compile("Findings"))).to_have_text("Findings1")
    happened = page.locator(".finding:not(.foreseen)")
    await expect(happened).to_contain_text("missing-zero-grad")
    await expect(happened).to_contain_text("×3")
    await expect(happened).to_contain_text("train.py:14")
    await expect(happened).to_contain_text("train.py:13 This backward added to it.")
    await expect(page.locator(".finding.foreseen")).to_contain_text("foreseen")
    await page.keyboard.press("[")  # what stop 8 foresees is nothing to stop 7
    await expect(page.locator(".finding.foreseen")).to_have_count(0)


async def test_an_uncaught_exception_is_told_with_its_place(panel: Opened):
    page = await panel.open(*recorded_messages())
    tell(panel.store, Uncaught(kind="uncaught", type_name="RuntimeError", message="Trying again", site=HERE, stop=8))
    note = page.get_by_role("complementary", name="Uncaught exception")
    await expect(note).to_have_text("RuntimeError at train.py:4: Trying again")
