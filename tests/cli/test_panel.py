"""``--panel``: the page's socket sees the stop and says when the program goes on; and the demo."""

from __future__ import annotations

import re
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from websockets import Origin
from websockets.sync.client import ClientConnection, connect

from cli.commands import DEADLINE_S, Command, line_of, script, tapelens
from tapelens.wire import VERSION
from tapelens.wire.encode import to_json
from tapelens.wire.panel import Control, PanelHello, PanelSession, PanelStop
from tapelens.wire.reading import read_to_panel

SEED = """\
import torch

x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
loss = y1 ** 2
loss.backward()  # here
print("x.grad", x.grad.item())
"""


@contextmanager
def open_page(command: Command) -> Generator[ClientConnection]:
    """The page's socket, after its hello."""
    command.read_until(r"the panel is at http\S+/")
    found = re.search(r"the panel is at (http\S+/)", command.read["err"])
    assert found
    address = urlsplit(found[1])
    origin = Origin(f"http://{address.netloc}")
    with connect(f"ws://{address.netloc}{address.path}socket", origin=origin, max_size=2**26) as page:
        page.send(to_json(PanelHello(kind="panel_hello", wire=VERSION, token=address.path.strip("/"))))
        yield page


def until_stop(page: ClientConnection) -> PanelStop:
    """The next stop, once the program is known to stand there."""
    stop: PanelStop | None = None
    state = ""
    while stop is None or state != "stopped":
        match read_to_panel(str(page.recv(timeout=DEADLINE_S))):
            case PanelStop() as stop:
                pass
            case PanelSession(state=state):
                pass
            case _:
                pass
    return stop


def go_on(page: ClientConnection, stop: PanelStop) -> None:
    page.send(to_json(Control(kind="control", session=stop.session, action="continue")))


def test_a_program_stays_at_its_stop_until_the_page_says_go_on(tmp_path: Path):
    path = script(tmp_path, SEED)
    here = line_of(path, "here")
    command = Command("run", f"--break=train.py:{here}", "--panel", "train.py", cwd=tmp_path)
    with open_page(command) as page:
        stop = until_stop(page)
        assert (stop.reason, stop.source.path, stop.snapshot.site.line) == ("breakpoint", str(path), here)
        assert "Why is y1.grad None?" in {sentence.title for sentence in stop.sentences}
        assert stop.forecast.startswith("loss.backward() will fill x.grad.")
        go_on(page, stop)
        ended = command.wait()
    assert (ended.status, ended.out) == (0, "x.grad 8.0\n")


def test_the_demo_runs_through_and_its_page_shows_every_stop_until_ctrl_c(tmp_path: Path):
    command = Command("demo", "retain_grad", "--serve", cwd=tmp_path)
    with open_page(command) as page:
        command.read_until("shows every stop until Ctrl-C")
        assert [until_stop(page).snapshot.stop for _ in range(2)] == [1, 2]
        command.process.send_signal(signal.SIGINT)
        ended = command.wait()
    assert ended.status == 0  # that is how it is meant to end
    assert "Why is y1.grad None? y1 is not a leaf, so backward passes its gradient on to x" in ended.err


def test_the_demo_shows_a_program_in_the_terminal(tmp_path: Path):
    ended = tapelens("demo", "retain_grad", cwd=tmp_path)
    assert ended.status == 0
    assert ended.out == "loss.grad 1.0 x.grad 4.0\n"
    assert "loss.retain_grad() was called, so it will keep its gradient." in ended.err
    assert "◂ backward" in ended.err
