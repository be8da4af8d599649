"""``[tool.tapelens]``: what may stand there, where it is found, and what is said of what may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapelens import settings as module
from tapelens.errors import UsageError
from tapelens.probe.entry.configured import configuration_of
from tapelens.rules.catalogue import RULES, runtime_twins
from tapelens.rules.model import Rule, Threshold
from tapelens.settings import Settings, SettingsReader, read_settings, told_to_probe
from tapelens.wire.commands import Configuration, RuleThreshold
from tapelens.wire.encode import to_json

WITH_THRESHOLD = Rule(
    slug="needless-retention",
    severity="warning",
    summary="",
    thresholds=(Threshold(name="calls", default=5, meaning="calls before it speaks"),),
)


@pytest.fixture(autouse=True)
def a_rule_with_a_threshold(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "RULES", (*RULES, WITH_THRESHOLD))


def project(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_is_read(tmp_path: Path):
    path = project(
        tmp_path,
        """
        [tool.tapelens]
        select = ["missing-zero-grad", "double-backward"]
        ignore = ["double-backward"]
        exclude = ["third_party/"]
        baseline = "known.json"
        [tool.tapelens.severity]
        missing-zero-grad = "error"
        [tool.tapelens.thresholds.needless-retention]
        calls = 7
        """,
    )
    settings = read_settings(path)
    assert settings is not None
    assert settings == Settings(
        root=tmp_path,
        select=("missing-zero-grad", "double-backward"),
        ignore=("double-backward",),
        severity={"missing-zero-grad": "error"},
        thresholds={"needless-retention": {"calls": 7}},
        exclude=("third_party/",),
        baseline=tmp_path / "known.json",
    )
    assert settings.speaks("missing-zero-grad")
    assert not settings.speaks("double-backward")
    assert not settings.speaks("syntax-error")


def test_the_nearest_project_that_speaks_of_tapelens_counts(tmp_path: Path):
    inner = tmp_path / "packages" / "one" / "src"
    inner.mkdir(parents=True)
    project(tmp_path, '[tool.tapelens]\nignore = ["double-backward"]\n')
    project(tmp_path / "packages" / "one", '[project]\nname = "not of tapelens"\n')
    reader = SettingsReader()
    assert reader.of(inner).root == tmp_path
    nearer = project(tmp_path / "packages", "[tool.tapelens]\n")
    assert reader.of(inner).root == tmp_path  # it reads once
    assert SettingsReader().of(inner).root == nearer.parent


def test_without_a_project_every_rule_speaks(tmp_path: Path):
    settings = SettingsReader().of(tmp_path)
    assert settings == Settings()
    assert settings.speaks("missing-zero-grad")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool.tapelens]\nselct = []", "[tool.tapelens] selct: there is no such setting: did you mean select?"),
        (
            "[tool.tapelens]\nqqq = 1",
            "qqq: there is no such setting: there are select, ignore, severity, thresholds, exclude, baseline.",
        ),
        (
            '[tool.tapelens]\nignore = ["double-bakward"]',
            "ignore: there is no rule 'double-bakward': did you mean double",
        ),
        ('[tool.tapelens]\nignore = ["zzz"]', "ignore: there is no rule 'zzz': `tapelens rules` lists them."),
        ('[tool.tapelens]\nignore = "double-backward"', "ignore: a list of strings is expected, not a string."),
        ("[tool.tapelens]\nignore = [1]", "ignore: a list of strings is expected, not a number."),
        ("[tool.tapelens]\nexclude = {}", "exclude: a list of strings is expected, not a table."),
        ("[tool.tapelens]\nexclude = 2026-11-24", "exclude: a list of strings is expected, not a date."),
        ("[tool.tapelens]\nbaseline = true", "baseline: the path of a file is expected, not true or false."),
        ('[tool.tapelens]\nseverity = "error"', "severity: a table is expected, not a string."),
        (
            '[tool.tapelens.severity]\ndouble-backward = "warn"',
            "severity.double-backward: there is no severity 'warn': did you mean warning?",
        ),
        (
            "[tool.tapelens.severity]\ndouble-backward = 3",
            "severity.double-backward: there is no severity 3: it is one of error, warning, information.",
        ),
        ('[tool.tapelens.severity]\ndouble = "error"', "severity: there is no rule 'double': did you mean double-"),
        (
            "[tool.tapelens.thresholds.double-backward]\ncalls = 3",
            "thresholds.double-backward: this rule has no thresholds.",
        ),
        (
            "[tool.tapelens.thresholds.needless-retention]\ncall = 3",
            "needless-retention.call: there is no such threshold: did you mean calls?",
        ),
        (
            "[tool.tapelens.thresholds.needless-retention]\ncalls = -1",
            "needless-retention.calls: a positive number is expected, not -1.",
        ),
        (
            "[tool.tapelens.thresholds.needless-retention]\ncalls = true",
            "needless-retention.calls: a positive number is expected, not True.",
        ),
        (
            "[tool.tapelens.thresholds]\nneedless-retention = 3",
            "needless-retention: a table is expected, not a number.",
        ),
        ("[tool]\ntapelens = 3", "tool.tapelens is a number; it must be a table."),
        ("[tool.tapelens\n", "pyproject.toml is no TOML: "),
    ],
    ids=lambda text: text.split("\n")[-1][:30],
)
def test_one_sentence_names_the_file_the_key_and_what_is_wrong(tmp_path: Path, text: str, sentence: str):
    path = project(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        read_settings(path)
    told = str(refused.value)
    assert told.startswith(str(path))
    assert sentence in told
    assert "\n" not in told


def test_a_file_that_is_no_text_is_said(tmp_path: Path):
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"\xff[tool.tapelens]")
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(path)


def test_a_threshold_reaches_the_rule_that_has_it():
    told = told_to_probe(Settings(thresholds={"graph-growth": {"iterations": 9}, "vanishing-grad": {"ratio": 0.5}}))
    (growth,) = runtime_twins(tuple(rule for rule in RULES if rule.slug == "graph-growth"), told)
    assert vars(growth)["_rises"] == 9
    begun = Configuration(
        kind="configuration",
        armed=True,
        pause_on=(),
        select=(),
        ignore=(),
        lines="auto",
        steps=0,
        cards=True,
        thresholds=told,
    )
    assert configuration_of(json.loads(to_json(begun))) == begun


def test_every_threshold_is_one_that_its_rule_s_twin_takes():
    for rule in RULES:
        for each in rule.thresholds:
            told = (RuleThreshold(rule=rule.slug, name=each.name, value=each.default),)
            (given,) = runtime_twins((rule,), told)
            (plain,) = runtime_twins((rule,))
            assert vars(given) == vars(plain)
