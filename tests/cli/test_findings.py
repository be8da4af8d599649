"""What a plain run finds: told as it comes, whatever the program's end."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

import tapelens as tapelens_package
from cli.commands import Command, Ended, line_of, script, tapelens

FORGETFUL = """\
import os
import signal
import sys
import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()  # step
print("done", flush=True)
if "killed" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
if "steps" in sys.argv:
    hooks = sys.modules["torch.optim.optimizer"]._global_optimizer_post_hooks
    print(len(hooks), torch.autograd._engine_run_backward.__code__.co_filename.rpartition("/")[2])
if "fails" in sys.argv:
    loss.backward()  # second
if "hard" in sys.argv:
    os._exit(5)
"""


OURS = Path(tapelens_package.__file__).parent

RUNS: dict[str, list[str]] = {
    "text": ["train.py"],
    "hard": ["--format=json", "--steps=3", "train.py", "steps", "hard"],
    "fails": ["train.py", "fails"],
    "killed": ["train.py", "killed"],
}


class Ran(NamedTuple):
    path: Path
    by: dict[str, Ended]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All runs, side by side: most of each is torch's import."""
    folder = tmp_path_factory.mktemp("findings")
    path = script(folder, FORGETFUL)
    running = {name: Command("run", *words, cwd=folder) for name, words in RUNS.items()}
    return Ran(path, {name: command.wait() for name, command in running.items()})


def test_a_finding_is_told_in_text_with_its_line_and_sets_the_status(ran: Ran):
    ended = ran.by["text"]
    assert (ended.status, ended.out) == (1, "done\n")
    assert f"warning missing-zero-grad {ran.path}:{line_of(ran.path, 'step')} in <module>" in ended.err
    assert "  > " in ended.err
    assert ended.said == ["The program ended well; 1 finding (missing-zero-grad): exit status 1."]


def test_what_was_found_outlives_a_sudden_end(ran: Ran):
    ended = ran.by["killed"]
    assert (ended.status, ended.out) == (-9, "done\n")
    assert "warning missing-zero-grad" in ended.err
    assert ended.said == [
        "The program was killed by SIGKILL (137), which is the exit status here too; 1 finding (missing-zero-grad)."
    ]


def test_an_exception_out_of_a_backward_is_told_by_python_then_by_what_made_the_node(ran: Ran):
    ended = ran.by["fails"]
    assert ended.status == 1
    before, _, own = ended.err.partition("Traceback")
    own, _, below = own.partition("tapelens: ")
    assert "error double-backward" not in before
    assert own.splitlines()[1] == f'  File "{ran.path}", line {line_of(ran.path, "second")}, in <module>'
    assert own.splitlines()[-1].startswith("RuntimeError: Trying to backward through the graph a second time")
    assert str(OURS) not in own
    assert below.startswith("in this backward PowBackward0 had been run before, and what it saved is freed")
    assert f"error double-backward {ran.path}" in below


def test_with_json_the_object_is_all_that_standard_output_holds(ran: Ran):
    ended = ran.by["hard"]
    assert (ended.status, ended.err.split()[0]) == (5, "done")
    (finding,) = ended.object["findings"]
    assert (finding["rule"], finding["line"]) == ("missing-zero-grad", line_of(ran.path, "step"))
    assert (ended.object["exit_code"], ended.object["stops"], ended.object["notes"]) == (5, [], [])


def test_the_watch_ends_after_the_steps_wanted_and_takes_its_taps_out(ran: Ran):
    ended = ran.by["hard"]
    assert ended.err.split() == ["done", "0", "graph.py"]
    assert [finding["count"] for finding in ended.object["findings"]] == [2]


def test_a_probe_that_is_switched_off_is_told(tmp_path: Path):
    (tmp_path / "torch").mkdir()
    script(tmp_path / "torch", "__version__ = '1.13'\n", "__init__.py")
    script(tmp_path, "import torch\n")
    ended = tapelens("run", "train.py", cwd=tmp_path, TAPELENS_DISABLE="1")
    assert ended.said == ["The probe is switched off by the program's environment."]
    ended = tapelens("run", "train.py", cwd=tmp_path)
    assert ended.said == ["The program's torch 1.13 is too old for tapelens, which needs 2.4 or newer."]
