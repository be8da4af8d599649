"""The guard: a fault of ours is told once."""

from __future__ import annotations

import pytest

from tapelens.probe.guard import guard


def fail(kind: type[BaseException]) -> None:
    reason = "why"
    raise kind(reason)


def test_a_fault_is_told_once_with_its_place_and_the_whole_tap_is_quiet():
    told: list[tuple[str, str]] = []
    watch = guard("steps", lambda *fault: told.append(fault))
    broken, sound = watch(fail), watch(lambda: "answer")
    assert sound() == "answer"
    assert broken(ValueError) is None
    assert broken(ValueError) is None
    assert sound() is None
    ((where, what),) = told
    assert where == "steps"
    assert what.startswith("ValueError: why (test_guard.py:")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_the_users_passes(kind):
    told: list[tuple[str, str]] = []
    watch = guard("steps", lambda *fault: told.append(fault))
    with pytest.raises(kind):
        watch(fail)(kind)
    assert told == []
    assert not watch.quiet


def test_a_report_that_fails_is_nobodys_trouble():
    def refuse(_where: str, _what: str) -> None:
        fail(OSError)

    assert guard("steps", refuse)(fail)(ValueError) is None
