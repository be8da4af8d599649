"""What the pytest plugin does once it is switched on: a watch a test, and what becomes of its findings."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from .check.judge import Judge
from .errors import UsageError
from .report.text import TextReport, console_for
from .report.wording import counted
from .sessions.bundle import load_bundle
from .settings import SettingsReader, check_rule
from .wire.commands import Configuration
from .wire.encode import to_json
from .wire.findings import Finding
from .wire.processes import ProbeFault
from .wire.reading import read_batch

ALL = "all"
_CONFIGURATION = Configuration(
    kind="configuration",
    armed=False,
    pause_on=(),
    select=(),
    ignore=(),
    lines="off",
    steps=0,
    cards=False,
    thresholds=(),
)


class Watched:
    """One test: what is found in it, and what of that it wants.

    Args:
        expect: Rules that have to speak.
        ignore: Rules that may speak, or ``all``.
    """

    def __init__(self, judge: Judge, *, expect: Iterable[str] = (), ignore: Iterable[str] = ()) -> None:
        self._judge = judge
        self._expect = set(expect)
        self._ignore = set(ignore)
        self._watch: Any = load_bundle("probe.entry.pytest").Watch(to_json(_CONFIGURATION))
        self._is_over = False
        self._explained: str | None = None

    @property
    def findings(self) -> list[Finding]:
        """What rules have said so far, one for a rule and line; at the test's end some say more."""
        found: dict[tuple[str, str, int], Finding] = {}
        for message in self._messages():
            if isinstance(message, Finding) and (judged := self._judge.judge(message)) is not None:
                found[judged.rule, judged.site.path, judged.site.line] = judged
        return list(found.values())

    def expect(self, *rules: str) -> None:
        """These have to speak by the end of the test."""
        self._expect.update(_checked_expect(rules))

    def ignore(self, *rules: str) -> None:
        """These may speak; ``all`` for every one."""
        self._ignore.update(_checked_ignore(rules))

    def begin(self) -> None:
        """From here on."""
        self._watch.begin()

    def end(self, error: BaseException | None) -> None:
        """Up to here; only the first call counts."""
        if not self._is_over:
            self._is_over = True
            raised = error if isinstance(error, Exception) else None  # and not pytest's own skipping and failing
            if raised is not None:
                self._explained = self._watch.explain(raised)
            self._watch.end(raised)

    def failure(self) -> str | None:
        """Why the test fails, None where it does not."""
        findings = self.findings
        wrong = [each for each in findings if each.severity != "information" and not self._may(each.rule)]
        parts: list[str] = []
        if wrong:
            parts.append(f"tapelens: {counted(len(wrong), 'finding')} in this test\n{_written(wrong)}")
        if missing := sorted(self._expect - {each.rule for each in findings}):
            parts.append(f"tapelens: {', '.join(missing)} did not speak in this test, which expects it")
        return "\n".join(parts) or None

    def remarks(self) -> str:
        """What is said beside a failure and makes none: of the exception that ended the test, and of ourselves."""
        faults = [message for message in self._messages() if isinstance(message, ProbeFault)]
        lines = [
            f"tapelens: a fault of its own ({each.where}: {each.message}); the test is unharmed" for each in faults
        ]
        return "\n".join([*([self._explained] if self._explained else []), *lines])

    def _may(self, rule: str) -> bool:
        return rule in self._expect or not self._ignore.isdisjoint({rule, ALL})

    def _messages(self) -> Iterable[object]:
        return [message for batch in self._watch.said() for message in read_batch(batch).messages]


class Watching:
    """The plugin's hooks.

    Args:
        every_test: Or those alone that ask for the fixture.
    """

    def __init__(self, config: pytest.Config, *, every_test: bool) -> None:
        self._every_test = every_test
        names: list[str] = config.getoption("tapelens_ignore") or []
        try:
            ignore = tuple(check_rule(name, where="--tapelens-ignore") for name in names)
        except UsageError as wrong:
            raise pytest.UsageError(str(wrong)) from wrong
        self._judge = Judge(SettingsReader(), ignore=ignore)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What markers say wrongly is told before anything runs."""
        if self._every_test:
            for item in items:
                _wishes(item)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """What a test's fixtures make belongs to it."""
        if self._every_test:
            self.begin(item)
        yield

    def begin(self, item: pytest.Item) -> Watched:
        """Watch a test, as its markers say."""
        watched = item.stash.get(_KEY, None)
        if watched is None:
            expect, ignore = _wishes(item)
            watched = item.stash[_KEY] = Watched(self._judge, expect=expect, ignore=ignore)
            watched.begin()
        return watched

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any]:
        """Judge at the end of the test's body, before what its fixtures clear away."""
        outcome: Any = yield
        watched = item.stash.get(_KEY, None)
        if watched is None:
            return
        error: BaseException | None = outcome.excinfo[1] if outcome.excinfo is not None else None
        watched.end(error)
        failure, remarks = watched.failure(), watched.remarks()
        if failure is not None and error is None:
            outcome.force_exception(pytest.fail.Exception(failure, pytrace=False))
        elif failure is not None:
            remarks = f"{failure}\n{remarks}"
        if remarks:
            item.add_report_section("call", "tapelens", remarks)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """A test whose fixtures failed ends here; one that is run again begins anew."""
        watched = item.stash.get(_KEY, None)
        if watched is not None:
            watched.end(None)
            del item.stash[_KEY]


_KEY = pytest.StashKey[Watched]()


def _wishes(item: pytest.Item) -> tuple[list[str], list[str]]:
    """What its markers expect and ignore."""
    expect: list[str] = []
    ignore: list[str] = []
    for marker in item.iter_markers("tapelens"):
        if marker.args or marker.kwargs.keys() - {"expect", "ignore"}:
            raise pytest.UsageError(f"{item.nodeid}: the marker tapelens takes expect= and ignore= and nothing else")
        expect += _names(marker.kwargs.get("expect"))
        ignore += _names(marker.kwargs.get("ignore"))
    try:
        return _checked_expect(expect), _checked_ignore(ignore)
    except UsageError as wrong:
        raise pytest.UsageError(f"{item.nodeid}: {wrong}") from wrong


def _checked_expect(names: Iterable[str]) -> list[str]:
    return [check_rule(name, where="expect") for name in names]


def _checked_ignore(names: Iterable[str]) -> list[str]:
    return [check_rule(name, where="ignore", others=(ALL,)) for name in names]


def _names(given: str | Iterable[str] | None) -> list[str]:
    if given is None:
        return []
    return [given] if isinstance(given, str) else list(given)


def _written(findings: list[Finding]) -> str:
    text = io.StringIO()
    report = TextReport(console_for(text))
    for finding in findings:
        report.finding(finding)
    rules = sorted({finding.rule for finding in findings})
    return text.getvalue() + "".join(f"\nmore about it: tapelens rules {rule}" for rule in rules)
