"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import replace

from rules.events import detect, site
from tapelens.events import HookRegistered
from tapelens.rules.hook_leak.runtime import HookLeak

FOURTH = HookRegistered(
    handle=14,
    target="module",
    registrar="register_forward_hook",
    name="save",
    code=site(4),
    site=site(12),
    innermost=site(12),
    alike=((11, 1), (12, 3), (13, 5), (14, 7)),
)


def test_four_alive_from_four_turns_are_flagged_at_the_registration():
    (finding,) = detect(HookLeak(), [FOURTH])
    assert (finding.rule, finding.severity, finding.site.line) == ("hook-leak", "warning", 12)
    assert finding.message == (
        "`save` is put on the same module here again and again, and 4 of them are alive now: each backward or call "
        "runs all of them, and there is one more in every iteration. Keep the handle that `register_forward_hook` "
        "returns and call its `remove()`, or register once before the loop."
    )
    assert [related.site.line for related in finding.related] == [4]


def test_several_that_are_set_up_in_one_go_are_no_leak():
    assert detect(HookLeak(), [replace(FOURTH, alike=tuple((number, 1) for number in range(9)))]) == []
    assert detect(HookLeak(), [replace(FOURTH, alike=((1, 1), (2, 1), (3, 2), (4, 2), (5, 3)))]) == []


def test_a_library_that_registers_is_not_judged():
    assert detect(HookLeak(), [replace(FOURTH, innermost=replace(site(3), in_library=True))]) == []


def test_a_hook_without_a_line_of_its_own_has_nothing_related():
    (finding,) = detect(HookLeak(), [replace(FOURTH, code=None)])
    assert finding.related == ()
