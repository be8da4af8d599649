"""Ways in which a program is given and runs: files, folders, zip files, modules, other interpreters, threads."""

from __future__ import annotations

import asyncio
import zipapp
from pathlib import Path

import pytest

from interpreters import newer_python
from sessions.drive import DEADLINE_S, OTHER_PYTHON, configuration, marked_lines
from tapelens.sessions.direct import DirectSession
from tapelens.sessions.interface import Breakpoint, Launch
from tapelens.store.sessions import StopSettled, Store
from torch_features import KEEPS_SAVED

BODY = """\
import sys
import torch
w = torch.ones(2, requires_grad=True)
loss = (w * w).sum()
loss.backward()  # stop: here
print(__name__, sys.argv[1:], w.grad.tolist())
"""


async def run(launch: Launch, stops: int) -> tuple[list[StopSettled], str, Store]:
    """Continue through so many stops and to the end."""
    store = Store()
    settled: asyncio.Queue[StopSettled] = asyncio.Queue()
    store.subscribe(lambda change: settled.put_nowait(change) if isinstance(change, StopSettled) else None)
    output: list[str] = []
    opening = DirectSession.launch(
        launch,
        store,
        configuration=configuration(),
        on_output=lambda category, text: output.append(text) if category == "stdout" else None,
    )
    session = await asyncio.wait_for(opening, DEADLINE_S)
    seen: list[StopSettled] = []
    try:
        for _ in range(stops):
            seen.append(await asyncio.wait_for(settled.get(), DEADLINE_S))
            await session.act("continue")
        await asyncio.wait_for(session.wait_ended(), DEADLINE_S)
    finally:
        await asyncio.wait_for(session.close(), DEADLINE_S)
    return seen, "".join(output), store


def other_python() -> Path | None:
    return Path(OTHER_PYTHON) if OTHER_PYTHON else None


@pytest.mark.parametrize("given", ["relative", "folder", "module"])
async def test_however_a_program_is_given_it_is_shown_at_its_stop(tmp_path, given):
    folder = tmp_path / "app"
    folder.mkdir()
    source = folder / "__main__.py"
    source.write_text(BODY, encoding="utf-8")
    how: dict[str, object]
    match given:
        case "relative":
            how = {"program": Path("app/__main__.py")}
        case "folder":
            how = {"program": folder}
        case _:
            how = {"module": "app"}
    launch = Launch(
        args=["one", "two words"],
        cwd=tmp_path,
        python=other_python(),
        breakpoints=[Breakpoint(path=source, line=marked_lines(source)["here"])],
        **how,  # pyright: ignore[reportArgumentType]
    )
    (stop,), printed, store = await run(launch, 1)
    assert stop.snapshot is not None
    assert Path(stop.snapshot.site.path).name == "__main__.py"
    assert stop.snapshot.backward.chosen_by == "line"
    assert printed == "__main__ ['one', 'two words'] [2.0, 2.0]\n"
    assert len(store.gradients(stop.session)) == 1


async def test_a_zip_file_s_program_is_followed_though_debugpy_sets_no_breakpoint_in_it(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "__main__.py").write_text(f"{BODY}loss.backward()\n", encoding="utf-8")
    zipapp.create_archive(folder, tmp_path / "app.pyz")
    launch = Launch(program=tmp_path / "app.pyz", args=["one"], cwd=tmp_path, python=other_python())
    (stop,), printed, store = await run(launch, 1)
    assert stop.reason == "exception"
    assert stop.snapshot is not None
    assert (Path(stop.snapshot.site.path), stop.snapshot.site.line) == (tmp_path / "app.pyz" / "__main__.py", 7)
    assert ("unknown" if KEEPS_SAVED else "freed") in stop.snapshot.nodes.state
    assert [each.rule for each in store.findings(stop.session)] == ["double-backward"]
    assert printed == "__main__ ['one'] [2.0, 2.0]\n"


@pytest.mark.skipif(OTHER_PYTHON is None and newer_python() is None, reason="needs another Python with torch")
async def test_an_interpreter_without_tapelens_and_debugpy_gets_both_by_path(tmp_path):
    source = tmp_path / "program.py"
    source.write_text(
        BODY + "import importlib.util\nprint([importlib.util.find_spec(n) for n in ('tapelens', 'debugpy_not')])\n",
        encoding="utf-8",
    )
    python = other_python() or newer_python()
    assert python is not None
    launch = Launch(
        program=source,
        python=Path(python),
        cwd=tmp_path,
        env={"PYTHONPATH": ""},
        breakpoints=[Breakpoint(path=source, line=marked_lines(source)["here"])],
    )
    (stop,), printed, store = await run(launch, 1)
    assert stop.snapshot is not None
    assert printed.splitlines()[1] == "[None, None]"
    info = store.session(stop.session)
    assert info is not None
    assert (info.problem, info.torch) == (None, "watching")


async def test_each_stopped_thread_is_shown_with_its_own_frame(tmp_path):
    source = tmp_path / "program.py"
    source.write_text(
        "import threading\nimport torch\n\n\ndef work(scale):\n"
        "    mine = torch.full((scale,), 1.0, requires_grad=True)\n    loss = (mine * scale).sum()\n"
        "    loss.backward()  # stop: here\n    print(mine.grad.tolist())\n\n\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in (2, 3)]\n"
        "for each in threads:  # one after the other: going on lets all threads go that stand\n"
        "    each.start()\n    each.join()\n",
        encoding="utf-8",
    )
    launch = Launch(
        program=source,
        cwd=tmp_path,
        python=other_python(),
        breakpoints=[Breakpoint(path=source, line=marked_lines(source)["here"])],
    )
    stops, printed, store = await run(launch, 2)
    assert len({stop.thread for stop in stops}) == 2
    assert 1 not in {stop.thread for stop in stops}  # DAP's id of the main thread under debugpy
    shapes = []
    for stop in stops:
        assert stop.snapshot is not None
        assert (stop.snapshot.thread, stop.snapshot.site.function) == (stop.thread, "work")
        names = [[stop.snapshot.strings[name] for name in each] for each in stop.snapshot.tensors.names]
        shapes.append(stop.snapshot.shapes[stop.snapshot.tensors.shape[names.index(["mine"])]])
    assert sorted(shapes) == [(2,), (3,)]
    assert [stop.snapshot.stop for stop in stops if stop.snapshot is not None] == [1, 2]
    assert sorted(printed.splitlines()) == ["[2.0, 2.0]", "[3.0, 3.0, 3.0]"]
    assert store.faults(stops[0].session) == ()
