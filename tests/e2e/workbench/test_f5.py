"""F5 in the real workbench, on programs and a launch.json as users have them."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest

from e2e.workbench.workbench import Workbench
from sessions.drive import marked_lines

GROWING = "1_growing_graph.py"
OWN_FUNCTION = "2_own_function.py"
FORGOTTEN = "7_forgotten_zero_grad.py"
TELLS_ITS_PID = "tells_its_pid.py"
MISSING_ZERO_GRAD = "missing-zero-grad"


@pytest.fixture(autouse=True)
def nothing_complains(workbench: Workbench) -> None:
    """Ask for the workbench, so that what a test leaves behind is cleared away."""
    workbench.complaints.clear()


def run_to(workbench: Workbench, program: str, mark: str) -> int:
    """Open a program, set one breakpoint, press F5, and wait for the stop."""
    line = marked_lines(workbench.folder / program)[mark]
    workbench.open_file(program)
    workbench.set_breakpoint(line)
    workbench.start_debugging()
    workbench.wait_until_stopped(line)
    return line


def expected_line(workbench: Workbench, program: str, rule: str) -> int:
    """The line that a program marks as the place of a rule's finding."""
    lines = (workbench.folder / program).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# expect: {rule}"))


def server_process(workbench: Workbench) -> int | None:
    """The language server that the extension of this workbench started; its working folder is the extension's."""
    profile = workbench.folder.parent / "profile"
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended since
            is_server = b"tapelens.lsp" in (process / "cmdline").read_bytes()
            if is_server and profile in (process / "cwd").readlink().parents:
                return int(process.name)
    return None


def test_the_first_launch_ever_shows_the_graph_and_its_numbers(workbench: Workbench) -> None:
    run_to(workbench, GROWING, "the whole graph")
    workbench.wait_for_nodes("Mm", "Add", "Sub", "Pow", "Mean")
    workbench.panel_shows("33.69")  # the loss, as the program prints it
    assert "tapelens: watching" in workbench.status()
    workbench.take_picture("graph-light")
    assert workbench.complaints == []


def test_the_graph_grows_with_every_step_and_the_panel_steps_too(workbench: Workbench) -> None:
    workbench.write_launch(type="python")  # the type's old name
    lines = marked_lines(workbench.folder / GROWING)
    run_to(workbench, GROWING, "a first product")
    workbench.wait_for_nodes("Mm")
    before = len(workbench.nodes())
    workbench.step_over(to_line=lines["and a sum"])
    workbench.wait_for_nodes("Mm", "Add")
    between = len(workbench.nodes())
    workbench.press_in_panel("Step: run this line")
    workbench.wait_until_stopped(lines["the whole graph"])
    workbench.wait_for_nodes("Mm", "Add", "Sub", "Pow", "Mean")
    assert before < between < len(workbench.nodes())


def test_a_line_of_the_panels_opens_in_the_editor_and_a_restart_shows_it_anew(workbench: Workbench) -> None:
    line = run_to(workbench, GROWING, "the whole graph")
    workbench.panel_shows(f"line {line}")
    workbench.go_to_line(1)
    workbench.press_in_panel(f"line {line}")
    workbench.wait_for_cursor(line)
    workbench.step_over(to_line=marked_lines(workbench.folder / GROWING)["about to run backward"])
    workbench.panel_shows("stop 2 of 2")
    workbench.restart_debugging()
    workbench.wait_until_stopped(line)
    workbench.panel_shows("stop 1 of 1")
    workbench.wait_for_nodes("Mean")


def test_a_function_of_the_users_own_has_its_node_and_its_leaves_their_gradients(workbench: Workbench) -> None:
    lines = marked_lines(workbench.folder / OWN_FUNCTION)
    run_to(workbench, OWN_FUNCTION, "MyReLU on the tape")
    workbench.wait_for_nodes("MyReLU")
    workbench.step_over(to_line=lines["what the leaves received"])
    workbench.choose_view("Tensors")
    workbench.panel_shows("[[4.5, 4.5]]")
    workbench.panel_shows("[[4.5]]")
    workbench.take_picture("gradients")
    workbench.choose_view("Graph")


def test_holding_alt_over_a_name_explains_the_tensor(workbench: Workbench) -> None:
    line = run_to(workbench, GROWING, "about to run backward")
    workbench.wait_for_nodes("Mean")
    card = workbench.hover("loss", line=line)
    assert "MeanBackward0" in card
    assert "non-leaf" in card


def test_the_debuggers_own_hover_and_variables_show_a_card(workbench: Workbench) -> None:
    line = run_to(workbench, GROWING, "about to run backward")
    words = ("Tensor () float32 cpu · MeanBackward0 · requires_grad", "autograd", "data", "values")
    workbench.debug_hover("loss", line=line, shows=words)
    workbench.take_picture("card")
    workbench.go_to_line(line)  # the hover goes away, and its rows with it
    workbench.wait_for(
        lambda: any(row.startswith("x = Tensor (10, 2) float32 cpu") for row in workbench.local_variables()),
        "a card in the Variables view",
    )


def test_a_forgotten_zero_grad_stands_in_problems_at_its_step(workbench: Workbench) -> None:
    workbench.open_file(FORGOTTEN)
    workbench.start_debugging()
    line = expected_line(workbench, FORGOTTEN, MISSING_ZERO_GRAD)
    rows = workbench.wait_for(workbench.problems, "an entry in Problems")
    workbench.wait_until_ended()
    assert any(MISSING_ZERO_GRAD in row and f"[Ln {line}, Col" in row for row in rows), rows
    assert "1 finding" in workbench.status()
    workbench.take_picture("problems")


def test_pausing_on_a_rule_stops_before_the_step(workbench: Workbench) -> None:
    workbench.write_settings(tapelens__pauseOn=[MISSING_ZERO_GRAD])
    workbench.open_file(FORGOTTEN)
    workbench.start_debugging()
    workbench.wait_until_stopped(expected_line(workbench, FORGOTTEN, MISSING_ZERO_GRAD))
    workbench.panel_shows(f"paused by {MISSING_ZERO_GRAD}")
    assert workbench.stop_reason() == f"Paused on {MISSING_ZERO_GRAD}"
    workbench.take_picture("paused")


def test_two_sessions_at_once_and_one_after_have_each_their_graph(workbench: Workbench) -> None:
    run_to(workbench, GROWING, "the whole graph")
    workbench.wait_for_nodes("Mean")
    line = marked_lines(workbench.folder / OWN_FUNCTION)["MyReLU on the tape"]
    workbench.open_file(OWN_FUNCTION)
    workbench.set_breakpoint(line)
    workbench.start_another_session()
    workbench.wait_for_nodes("MyReLU")
    workbench.take_picture("two-sessions")
    workbench.stop_debugging()
    workbench.remove_breakpoints()
    run_to(workbench, GROWING, "a first product")
    workbench.panel_shows("line 12")


def test_a_killed_program_is_said_to_be_and_the_next_session_works(workbench: Workbench) -> None:
    run_to(workbench, TELLS_ITS_PID, "about to be killed")
    workbench.wait_for_nodes("Sum")
    os.kill(int((workbench.folder.parent / "pid").read_text(encoding="utf-8")), signal.SIGKILL)
    workbench.wait_until_ended()
    workbench.panel_shows("The program was killed by SIGKILL.")
    workbench.take_picture("killed")
    workbench.remove_breakpoints()
    run_to(workbench, GROWING, "the whole graph")
    workbench.wait_for_nodes("Mean")


def test_a_server_that_dies_starts_anew_and_the_session_goes_on(workbench: Workbench) -> None:
    run_to(workbench, GROWING, "a first product")
    workbench.wait_for_nodes("Mm")
    dead = server_process(workbench)
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    workbench.wait_for(lambda: server_process(workbench) not in {None, dead}, "a new server")
    workbench.wait_for_nodes("Mm")
    workbench.step_over(to_line=marked_lines(workbench.folder / GROWING)["and a sum"])
    workbench.wait_for_nodes("Mm", "Add")


def test_a_reloaded_panel_shows_what_it_showed(workbench: Workbench) -> None:
    run_to(workbench, GROWING, "the whole graph")
    workbench.wait_for_nodes("Mean")
    workbench.problems()  # another view takes its place, and its page is gone
    workbench.show_panel()
    workbench.wait_for_nodes("Mean")


def test_the_panel_stands_in_an_editor_tab_as_well_and_in_the_dark(workbench: Workbench) -> None:
    workbench.write_settings(workbench__colorTheme="Default Dark Modern")
    run_to(workbench, GROWING, "the whole graph")
    workbench.wait_for_nodes("Mean")
    workbench.run_command("tapelens: Show the Autograd Graph in an Editor Tab")
    workbench.wait_for(lambda: len(workbench.panels("[role=option]")) == 2, "the graph in the view and in the tab")
    workbench.take_picture("tab-dark")


def test_a_program_without_torch_runs_as_ever(workbench: Workbench) -> None:
    run_to(workbench, "without_torch.py", "summed")
    workbench.wait_for(lambda: "no torch" in workbench.status(), "the status bar to say that there is no torch")
    assert workbench.notifications() == []
    workbench.continue_running()
    workbench.wait_until_ended()
    assert not any("without_torch.py" in row for row in workbench.problems())


def test_without_an_interpreter_the_program_runs_and_the_status_bar_says_so(workbench: Workbench) -> None:
    workbench.write_settings(tapelens__interpreter="/nowhere/python")
    run_to(workbench, GROWING, "the whole graph")
    workbench.wait_for(lambda: "/nowhere/python" in workbench.status(), "the status bar to name the setting")


def test_a_launch_configuration_can_say_no(workbench: Workbench) -> None:
    workbench.write_launch(tapelens=False)
    run_to(workbench, GROWING, "the whole graph")
    assert "watching" not in workbench.status()
