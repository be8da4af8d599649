"""F5 in the real workbench, on programs and a launch.json as users have them."""

from __future__ import annotations

from e2e.workbench.workbench import Workbench
from sessions.drive import marked_lines

GROWING = "1_growing_graph.py"
FORGOTTEN = "7_forgotten_zero_grad.py"


def test_a_program_without_torch_runs_as_ever(workbench: Workbench) -> None:
    stop = marked_lines(workbench.folder / "without_torch.py")["summed"]
    workbench.open_file("without_torch.py")
    workbench.set_breakpoint(stop)
    workbench.start_debugging()
    workbench.wait_until_stopped(stop)
    workbench.wait_for(lambda: "no torch" in workbench.status(), "the status bar to say that there is no torch")
    assert workbench.notifications() == []
    workbench.continue_running()
    workbench.wait_until_ended()
    assert workbench.problems() == []
