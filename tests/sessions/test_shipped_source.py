"""A program that cannot see our files gets them as text."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from pathlib import Path

import pytest

from sessions.drive import configuration, driven, marked_lines
from tapelens.errors import BundleAbsent
from tapelens.sessions import bootstrap
from tapelens.sessions.answers import unwrap
from tapelens.sessions.bootstrap import bootstrap_expression
from tapelens.sessions.bundle import bundle_files, bundle_root, shipped

SEED = Path(__file__).parents[2] / "examples" / "seed"
LARGEST_BYTES = 320_000


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The debuggee is on another host: our files are nowhere to be seen."""
    monkeypatch.setattr(bootstrap, "bundle_root", lambda: Path("/another/host/tapelens"))
    monkeypatch.setattr(bootstrap, "stamp", lambda _root: (1, 1))


@pytest.mark.usefixtures("hidden")
async def test_the_probe_comes_as_text_with_taps_rules_captures_and_its_own_lines(tmp_path):
    told = tmp_path / "modules"
    program = tmp_path / "program.py"
    text = (SEED / "7_forgotten_zero_grad.py").read_text(encoding="utf-8")
    program.write_text(
        f"{text}\nimport sys\n"
        "ours = {n: m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == '_tapelens'}\n"
        "finders = [type(each).__name__ for each in sys.meta_path if hasattr(type(each), 'find_spec')]\n"
        f"open({str(told)!r}, 'w').write(repr((ours, finders)))\n",
        encoding="utf-8",
    )
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "optimizer.step()" in each and "expect" in each)
    async with driven(program, stops=[line]) as run:
        stop = await run.next_stop()
        assert stop.snapshot is not None
        assert (stop.line, stop.snapshot.stop) == (line, 1)
        assert len(stop.snapshot.nodes.key) > 0
        await run.go_on("step_in")
        stop = await run.next_stop()
        assert (stop.path, stop.line) == (str(program), line + 1)  # over torch, and over us
        await run.run_to_end()
        assert [each.rule for each in run.store.findings(run.session.id)] == ["missing-zero-grad"]
        assert run.store.gradients(run.session.id)
        assert run.store.faults(run.session.id) == ()
        assert run.info.problem is None
    ours, finders = ast.literal_eval(told.read_text(encoding="utf-8"))
    assert {file.split("/")[0] for file in ours.values()} == {"<tapelens>"}
    assert "Carried" not in finders


@pytest.mark.usefixtures("hidden")
async def test_an_uncaught_exception_is_told_without_our_frames():
    program = SEED / "1_growing_graph.py"
    async with driven(program) as run:
        stop = await run.next_stop()
        assert (stop.reason, stop.line) == ("exception", marked_lines(program)["a second time"])
        await run.run_to_end()
    printed = "".join(text for category, text in run.output if category == "stderr")
    assert "RuntimeError" in printed
    assert "<tapelens>" not in printed
    assert str(bundle_root()) not in printed


def in_this_process(expression: str) -> str:
    try:
        return eval(expression)
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "_tapelens"]:
            del sys.modules[name]


@pytest.mark.usefixtures("hidden")
def test_files_of_another_installation_are_not_taken_for_ours(monkeypatch):
    with pytest.raises(BundleAbsent, match="another/host"):
        unwrap(in_this_process(bootstrap_expression(configuration())))
    monkeypatch.setattr(bootstrap, "bundle_root", bundle_root)  # the same path, other files
    with pytest.raises(BundleAbsent):
        unwrap(in_this_process(bootstrap_expression(configuration())))
    answer = json.loads(in_this_process(bootstrap_expression(configuration(), carrying="both")))
    assert "no debugger runs this process" in answer["err"]  # it was loaded, and looked for one


def test_the_text_is_all_of_the_bundle_and_small():
    names = bundle_files(bundle_root())
    assert len(shipped()) < LARGEST_BYTES
    assert {"__init__.py", "events/__init__.py", "wire/snapshot.py", "probe/entry/debugger.py"} <= set(names)
    assert not any(
        name.endswith(("wire/reading.py", "wire/strict.py", "wire/generate.py", "/source.py", "/fix.py"))
        for name in names
    )


def test_a_traceback_through_carried_code_shows_its_lines():
    expression = bootstrap_expression(configuration(), carrying="text")
    try:
        eval(expression)
        module = sys.modules["_tapelens.probe.session"]
        source = inspect.getsource(module)
        original = (bundle_root() / "probe" / "session.py").read_text(encoding="utf-8").splitlines()
        line = module.version_of.__code__.co_firstlineno
        assert source.splitlines()[line - 1] == original[line - 1]
        assert module.__file__ == "<tapelens>/probe/session.py"
    finally:
        in_this_process("''")
