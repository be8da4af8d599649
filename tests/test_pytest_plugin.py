"""The pytest plugin, by pytest's own pytester and a real torch."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch._dynamo  # noqa: F401  # pyright: ignore[reportUnusedImport]

# once and for all: pytester forgets what its runs import
import tapelens.testing  # noqa: F401  # pyright: ignore[reportUnusedImport]

pytest_plugins = ["pytester"]

# as the entry point loads it, which steps back where it is installed
PLUGINS = ("-p", "no:tapelens", "-p", "tapelens.pytest_plugin", "-p", "no:asyncio", "-p", "no:cacheprovider")

TRAINING = """
import pytest
import torch

def train(steps=3, clear=False):
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        if clear:
            optimizer.zero_grad()
        loss = model(torch.ones(4, 3)).square().mean()
        loss.backward()
        optimizer.step()  # step
"""


def run(pytester: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(TRAINING + text)
    return pytester.runpytest_inprocess(*PLUGINS, *options)


def test_a_test_that_misuses_autograd_fails_with_the_finding(pytester: pytest.Pytester):
    ran = run(
        pytester,
        """
def test_forgetful():
    train()

def test_forgetful_again():
    train()

def test_tidy():
    train(clear=True)
""",
        "--tapelens",
    )
    ran.assert_outcomes(failed=2, passed=1)
    line = TRAINING.strip().splitlines().index("        optimizer.step()  # step") + 1
    ran.stdout.fnmatch_lines(
        [
            "tapelens: 1 finding in this test",
            f"warning missing-zero-grad *.py:{line} in train",
            f"  > *{line} *optimizer.step()*",
            "more about it: tapelens rules missing-zero-grad",
        ]
    )


def test_each_test_is_a_program_of_its_own_and_judged_at_its_end(pytester: pytest.Pytester):
    ran = run(
        pytester,
        """
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

@pytest.mark.parametrize("time", range(3))
def test_one_step(time):
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()
""",
        "--tapelens",
    )
    ran.assert_outcomes(passed=3)


def test_without_the_option_nothing_is_watched_and_nothing_imported():
    code = "import sys, pytest; status = pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'no:tapelens', '-p', "
    code += "'tapelens.pytest_plugin', '--co', '/dev/null']); print(sorted(n for n in sys.modules if 'tapelens' in n "
    code += "or n == 'torch'))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines()[-1] == "['tapelens', 'tapelens.pytest_plugin']"


def test_a_marker_expects_a_rule_and_its_absence_fails(pytester: pytest.Pytester):
    ran = run(
        pytester,
        """
@pytest.mark.tapelens(expect="missing-zero-grad")
def test_forgetful_on_purpose():
    train()

@pytest.mark.tapelens(expect=["missing-zero-grad"])
def test_tidy():
    train(clear=True)

@pytest.mark.tapelens(ignore="all")
def test_whatever():
    train()
""",
        "--tapelens",
        "--strict-markers",
    )
    ran.assert_outcomes(passed=2, failed=1)
    ran.stdout.fnmatch_lines(["tapelens: missing-zero-grad did not speak in this test, which expects it"])


def test_a_rule_can_be_ignored_for_all_tests_and_by_a_comment(pytester: pytest.Pytester):
    forgetful = "\ndef test_forgetful():\n    train()\n"
    run(pytester, forgetful, "--tapelens", "--tapelens-ignore=missing-zero-grad").assert_outcomes(passed=1)
    silenced = TRAINING.replace("# step", "# tapelens: ignore[missing-zero-grad]") + forgetful
    pytester.makepyfile(silenced)
    pytester.runpytest_inprocess(*PLUGINS, "--tapelens").assert_outcomes(passed=1)


def test_the_fixture_shows_findings_and_watches_without_the_option(pytester: pytest.Pytester):
    ran = run(
        pytester,
        """
def test_looking(tapelens):
    assert tapelens.findings == []
    train()
    (finding,) = tapelens.findings
    assert (finding.rule, finding.count) == ("missing-zero-grad", 2)
    tapelens.expect("missing-zero-grad")

def test_failing(tapelens):
    train()

def test_unwatched():
    train()
""",
    )
    ran.assert_outcomes(passed=2, failed=1)


def test_an_exception_out_of_a_backward_is_told_with_the_finding_and_without_our_frames(pytester: pytest.Pytester):
    ran = run(
        pytester,
        """
def test_twice():
    loss = torch.ones(3, requires_grad=True).square().sum()
    loss.backward()
    loss.backward()

def test_caught():
    loss = torch.ones(3, requires_grad=True).square().sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()

def test_skipped():
    pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_known():
    train()
""",
        "--tapelens",
    )
    ran.assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1)
    ran.stdout.fnmatch_lines(
        ["error double-backward *", "tapelens: in this backward PowBackward0 had been run before*"]
    )
    ran.stdout.no_fnmatch_line("*importlib_bootstrap_seam*")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("expect='missing-zerograd'", "*test_one: expect: *did you mean missing-zero-grad?"),
        ("'missing-zero-grad'", "*test_one: the marker tapelens takes expect= and ignore= and nothing else"),
    ],
)
def test_what_a_marker_says_wrongly_is_told_before_anything_runs(pytester: pytest.Pytester, text: str, words: str):
    pytester.makepyfile(f"import pytest\n@pytest.mark.tapelens({text})\ndef test_one():\n    pass\n")
    ran = pytester.runpytest_inprocess(*PLUGINS, "--tapelens")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([words])


def test_a_rule_that_does_not_exist_is_told_at_once(pytester: pytest.Pytester):
    ran = run(pytester, "", "--tapelens", "--tapelens-ignore=missing-zerograd")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["*did you mean missing-zero-grad?*"])


@pytest.mark.skipif(find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_workers_of_xdist_fail_the_same_tests(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
import pytest

@pytest.mark.tapelens(expect="missing-zero-grad")
def test_idle():
    pass
"""
    )
    ran = pytester.runpytest_inprocess(*PLUGINS, "--tapelens", "-p", "xdist", "-n", "1")
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["tapelens: missing-zero-grad did not speak in this test, which expects it"])
