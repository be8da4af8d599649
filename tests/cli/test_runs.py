"""``tapelens run`` as a real command on real programs: what it says, its status, and that nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands import Command, line_of, script, tapelens

PLAIN = """\
import sys
import time

class Sulky:
    def __repr__(self):
        raise RuntimeError("no repr today")

def wait():
    print("waiting", flush=True)
    time.sleep(600)

sulky = Sulky()
x = 1  # here
print("argument", *sys.argv[1:])
if "wait" in sys.argv:
    wait()
while "chatter" in sys.argv:
    print("chatter", flush=True)
    time.sleep(0.01)
if "fail" in sys.argv:
    raise ValueError("failed before torch")
if "exit" in sys.argv:
    sys.exit(3)
if "never" in sys.argv:
    x = 2  # never
"""

SEED = """\
import sys
import torch

class Sulky:
    def __repr__(self):
        raise RuntimeError("no repr today")

sulky = Sulky()
x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2 * x
loss = (y1 - y2) ** 2
loss.backward()  # here
print("x.grad", x.grad.item())  # after
sys.exit(int(len(sys.argv) > 1))
"""

FREED = """\
import torch

w = torch.tensor([2.0], requires_grad=True)
loss = (w * w).sum()
loss.backward()  # first
loss.backward()  # second
"""

FORGETFUL = """\
import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()  # step
print("done")
"""


IN_A_MODULE = """\
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        return x * 2  # made


net = Net()
loss = net(torch.ones(3, requires_grad=True)).sum()  # called
print(loss.item())  # here
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return script(tmp_path, PLAIN)


def here(path: Path, mark: str = "here") -> str:
    return f"--break={path.name}:{line_of(path, mark)}"


# Programs with torch --------------------------------------------------------------------------------------------------


def test_a_stop_shows_tensors_graph_and_what_flowed_and_standard_output_is_the_programs(tmp_path: Path):
    path = script(tmp_path, SEED)
    ended = tapelens("run", here(path), here(path, "after"), path.name, cwd=tmp_path)
    assert (ended.status, ended.out) == (0, "x.grad 4.0\n")
    lines = [" ".join(line.split()) for line in ended.err.splitlines()]
    assert f"● breakpoint {path}:{line_of(path, 'here')} in <module>" in lines
    assert "y1 scalar float32 cpu no yes None AddBackward0 passes on" in lines
    assert "y2 4 scalar" in lines
    assert "y1 -4 scalar" in lines
    assert "x 4 scalar 4" in lines
    assert "x scalar float32 cpu yes yes 4 - ?" in lines
    assert ended.said == []


def test_json_is_one_object_on_standard_output_and_the_programs_output_goes_to_standard_error(tmp_path: Path):
    path = script(tmp_path, SEED)
    ended = tapelens("run", here(path), here(path, "after"), "--format=json", path.name, cwd=tmp_path)
    assert ended.status == 0
    assert ended.err == "x.grad 4.0\n"
    before, after = ended.object["stops"]
    assert (before["path"], before["line"], before["hit"]) == (str(path), line_of(path, "here"), 1)
    flows = {flow["tensor"]: flow["values"] for flow in before["gradients"] if "tensor" in flow}
    assert flows == {"loss": [1.0], "y1": [-4.0], "y2": [4.0], "x": [4.0]}
    assert after["gradients"] == []
    x = next(tensor for tensor in after["tensors"] if tensor["name"] == "x")
    assert x["grad"]["values"] == [4.0]
    assert after["backward"]["will_raise"]["reason"] == "freed"
    assert ended.object["exit_code"] == 0
    assert ended.object["notes"] == []


@pytest.mark.parametrize("lines", ["auto", "every_line", "off"])
def test_lines_are_told_as_finely_as_asked_for(tmp_path: Path, lines: str):
    path = script(tmp_path, IN_A_MODULE)
    ended = tapelens("run", here(path), f"--lines={lines}", "--format=json", path.name, cwd=tmp_path)
    (stop,) = ended.object["stops"]
    graph = stop["graph"]
    told = {node["name"]: (node["line"], node["module"]) for node in graph["nodes"] if node["sequence"] is not None}
    made, called = line_of(path, "made"), line_of(path, "called")
    if lines == "off":
        assert told == {"MulBackward0": (None, None), "SumBackward0": (None, None)}
        assert graph["lines"] == "off"
    elif lines == "every_line" or sys.version_info >= (3, 12):
        assert told == {"MulBackward0": (made, "Net"), "SumBackward0": (called, None)}
        assert graph["lines"] == "every_line"
    else:
        assert told == {"MulBackward0": (called, "Net"), "SumBackward0": (None, None)}
        assert graph["lines"] == "module_calls"


def test_an_exit_is_no_stop_and_no_exception_with_torch_either(tmp_path: Path):
    path = script(tmp_path, SEED)
    ended = tapelens("run", here(path), "--format=json", path.name, "fail", cwd=tmp_path)
    assert (ended.status, ended.object["exit_code"]) == (1, 1)
    assert [stop["reason"] for stop in ended.object["stops"]] == ["breakpoint"]
    assert ended.object["uncaught"] == []


def test_an_exception_out_of_backward_stops_there_and_its_status_wins(tmp_path: Path):
    path = script(tmp_path, FREED)
    ended = tapelens("run", "--pause-on=missing-zero-grad", path.name, cwd=tmp_path)
    assert ended.status == 1
    assert f"● exception {path}:{line_of(path, 'second')} in <module>" in ended.err
    assert "\n  RuntimeError: Trying to backward through the graph a second time" in ended.err
    assert "error double-backward" in ended.err
    assert ended.said[-1] == (
        "The program exited with status 1, which is the exit status here too; 1 finding (double-backward)."
    )


def test_pausing_on_a_rule_stops_before_the_line_at_fault_and_findings_set_the_status(tmp_path: Path):
    path = script(tmp_path, FORGETFUL)
    ended = tapelens("run", "--pause-on=missing-zero-grad", path.name, cwd=tmp_path)
    assert (ended.status, ended.out) == (1, "done\n")
    where = f"{path}:{line_of(path, 'step')} in <module>"
    assert f"● missing-zero-grad {where}" in ended.err
    assert f"warning missing-zero-grad {where}" in ended.err
    assert ended.said == ["The program ended well; 1 finding (missing-zero-grad): exit status 1."]


def test_a_report_in_a_file_leaves_the_streams_to_the_program(tmp_path: Path):
    path = script(tmp_path, FORGETFUL)
    options = ["--pause-on=missing-zero-grad", "--exit-zero", "--format=json", "--output=report.json"]
    ended = tapelens("run", *options, path.name, cwd=tmp_path)
    assert ended.status == 0
    assert (ended.out, ended.err) == ("", "done\n")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [finding["rule"] for finding in report["findings"]] == ["missing-zero-grad"]
    assert [stop["reason"] for stop in report["stops"]] == ["missing-zero-grad"]


def test_an_ignored_rule_stays_silent(tmp_path: Path):
    path = script(tmp_path, FORGETFUL)
    ended = tapelens("run", "--pause-on=all", "--ignore=missing-zero-grad", path.name, cwd=tmp_path)
    assert (ended.status, ended.out, ended.err) == (0, "done\n", "")


# Programs without torch -----------------------------------------------------------------------------------------------


def test_the_programs_arguments_are_its_own_and_without_torch_a_sentence_says_so(plain: Path):
    ended = tapelens("run", here(plain), plain.name, "--break", "-m", "--help", cwd=plain.parent)
    assert (ended.status, ended.out) == (2, "argument --break -m --help\n")
    assert f"● breakpoint {plain}:{line_of(plain, 'here')} in <module>" in ended.err
    assert ended.said == ["The program ended without importing torch: there was nothing to show."]


def test_a_module_runs_as_python_would_run_it(plain: Path):
    ended = tapelens("run", here(plain), "-m", "train", "--lr", "3", cwd=plain.parent)
    assert (ended.status, ended.out) == (2, "argument --lr 3\n")


def test_a_breakpoint_that_is_never_reached_is_told(plain: Path):
    condition = f"{here(plain)}:x == 5"
    ended = tapelens("run", here(plain, "never"), condition, plain.name, cwd=plain.parent)
    assert ended.status == 2
    assert ended.said == [
        f"The program ended without reaching train.py:{line_of(plain, 'never')}.",
        f"The program ended without reaching train.py:{line_of(plain, 'here')} with 'x == 5' true.",
    ]


def test_a_condition_is_asked_in_the_program(plain: Path):
    ended = tapelens("run", f"{here(plain)}:sulky.__class__.__name__ == 'Sulky'", plain.name, cwd=plain.parent)
    assert ended.err.count("● breakpoint") == 1


def test_an_exception_before_torch_is_imported_keeps_its_status(plain: Path):
    ended = tapelens("run", here(plain, "never"), plain.name, "fail", cwd=plain.parent)
    assert ended.status == 1
    assert "ValueError: failed before torch" in ended.err
    assert ended.said == [
        "The program exited with status 1 before it imported torch: there was nothing to show.",
    ]


def test_an_exit_status_of_the_programs_own_wins_and_is_no_exception(plain: Path):
    ended = tapelens("run", here(plain), "--format=json", plain.name, "exit", cwd=plain.parent)
    assert ended.status == 3
    assert ended.object["exit_code"] == 3
    assert [stop["reason"] for stop in ended.object["stops"]] == ["breakpoint"]


def test_a_torch_that_is_too_old_is_told_with_its_version(plain: Path):
    (plain.parent / "torch").mkdir()
    script(plain.parent / "torch", '__version__ = "1.13.1"\n', "__init__.py")
    path = script(plain.parent, "import torch\nx = 1  # here\n", "old.py")
    ended = tapelens("run", here(path), path.name, cwd=plain.parent)
    assert ended.status == 2
    assert ended.said == ["The program's torch 1.13.1 is too old for tapelens, which needs 2.4 or newer."]


def test_a_torch_that_fails_to_import_is_the_programs_own_failure(plain: Path):
    (plain.parent / "torch").mkdir()
    script(plain.parent / "torch", "raise ImportError('broken torch')\n", "__init__.py")
    path = script(plain.parent, "import torch\nx = 1  # here\n", "old.py")
    ended = tapelens("run", here(path), path.name, cwd=plain.parent)
    assert ended.status == 1
    assert "ImportError: broken torch" in ended.err
    assert len(ended.said) == 1


def test_without_debugpy_a_sentence_says_how_to_install_it(plain: Path):
    hide = script(
        plain.parent,
        "import sys\nsys.modules['debugpy'] = None\nfrom tapelens.cli import main\n"
        f"sys.exit(main(['run', {here(plain)!r}, 'train.py']))\n",
        "without.py",
    )
    ended = subprocess.run([sys.executable, hide], cwd=plain.parent, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("tapelens: debugpy is not installed beside tapelens: run `")
    assert ended.stderr.count("\n") == 1


def test_a_program_that_takes_too_long_is_stopped(plain: Path):
    ended = tapelens("run", here(plain), "--timeout=3", "--format=json", plain.name, "wait", cwd=plain.parent)
    assert ended.status == 2
    assert ended.object["notes"] == ["The program did not end within 3 s and was stopped."]


def test_a_reader_that_goes_away_ends_the_run(plain: Path):
    command = Command("run", here(plain), plain.name, "chatter", cwd=plain.parent)
    command.read_until("chatter", "out")
    assert command.process.stdout is not None
    command.process.stdout.close()
    assert command.process.wait(30) == 128 + signal.SIGPIPE
    command.assert_nothing_left()
    assert b"Traceback" not in command.process.communicate()[1]


# Sudden ends ----------------------------------------------------------------------------------------------------------


def at_a_stop(plain: Path) -> Command:
    """A command whose program stands at its breakpoint and waits for the panel."""
    command = Command("run", here(plain), "--panel", plain.name, cwd=plain.parent)
    command.read_until("Nothing to show here")
    return command


def pid_of(command: Command, words: str) -> int:
    return next(pid for pid, line in command.descendants().items() if words in line)


def test_with_the_panel_the_program_stays_at_its_stop_and_the_address_is_told(plain: Path):
    command = at_a_stop(plain)
    assert "tapelens: the panel is at http://127.0.0.1:" in command.read["err"]
    command.process.send_signal(signal.SIGINT)
    assert command.wait().status == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_program_runs_ends_both(plain: Path, number: signal.Signals):
    command = Command("run", here(plain), plain.name, "wait", cwd=plain.parent)
    command.read_until("waiting", "out")
    command.process.send_signal(number)
    ended = command.wait()
    assert ended.status == 128 + number
    assert "Traceback" not in ended.err


def test_ctrl_c_twice_ends_as_well_as_once(plain: Path):
    command = at_a_stop(plain)
    command.process.send_signal(signal.SIGINT)
    command.process.send_signal(signal.SIGINT)
    ended = command.wait()
    assert ended.status == 130
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("descendants", [1, 2, 3])
def test_ctrl_c_while_the_program_is_started_leaves_nothing(plain: Path, descendants: int):
    command = Command("run", here(plain), plain.name, "wait", cwd=plain.parent)
    while len(command.descendants()) < descendants:
        assert command.process.poll() is None
    command.process.send_signal(signal.SIGINT)
    ended = command.wait()
    assert ended.status == 130
    assert "Traceback" not in ended.err


def test_a_debuggee_killed_at_a_stop_is_told(plain: Path):
    command = at_a_stop(plain)
    os.kill(pid_of(command, "debugpy --connect"), signal.SIGKILL)
    ended = command.wait()
    assert ended.status == 137
    assert ended.said[-1].startswith("The program was killed by SIGKILL (137)")


def test_an_adapter_killed_at_a_stop_is_told_and_takes_the_program_along(plain: Path):
    command = at_a_stop(plain)
    os.kill(pid_of(command, "debugpy.adapter"), signal.SIGKILL)
    ended = command.wait()
    assert ended.status == 2
    assert ended.said[-1] == "The debugger went away before the program ended."


def test_a_command_that_is_killed_leaves_nothing_either(plain: Path):
    command = at_a_stop(plain)
    command.process.kill()
    assert command.process.wait(30) == -signal.SIGKILL
    command.assert_nothing_left()


def test_what_the_program_started_ends_with_it(tmp_path: Path):
    path = script(
        tmp_path,
        "import subprocess, time\nchild = subprocess.Popen(['sleep', '600'])\nx = 1  # here\n"
        "print('waiting', flush=True)\ntime.sleep(600)\n",
    )
    command = Command("run", here(path), path.name, cwd=tmp_path)
    command.read_until("waiting", "out")
    assert "sleep 600 " in command.descendants().values()
    command.process.send_signal(signal.SIGINT)
    assert command.wait().status == 130


def test_run_imports_no_language_server():
    code = "import sys, tapelens.cli; sys.exit(any(name in sys.modules for name in ('pygls', 'lsprotocol')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
