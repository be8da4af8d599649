"""The real VS Code workbench as a process: code-server on a loopback port, with a clean profile."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .install import entry_script, node_program, workbench_folder

LOOPBACK = "127.0.0.1"
INSTALL_DEADLINE_S = 120
START_DEADLINE_S = 60
STOP_DEADLINE_S = 10
SETTINGS: Mapping[str, Any] = {
    "security.workspace.trust.enabled": False,
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.layoutControl.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "window.commandCenter": False,
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "telemetry.telemetryLevel": "off",
    "git.enabled": False,
    "editor.minimap.enabled": False,
    "remote.autoForwardPorts": False,
    "window.customMenuBarAltFocus": False,
    "window.enableMenuBarMnemonics": False,
}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A user's folders, empty at first."""

    root: Path

    @property
    def user_data(self) -> Path:
        return self.root / "user-data"

    @property
    def extensions(self) -> Path:
        return self.root / "extensions"

    def write_settings(self, **settings: Any) -> None:
        """The user's settings; ``__`` in a name stands for a dot."""
        folder = self.user_data / "User"
        folder.mkdir(parents=True, exist_ok=True)
        given = {name.replace("__", "."): value for name, value in settings.items()}
        (folder / "settings.json").write_text(json.dumps({**SETTINGS, **given}), encoding="utf-8")


def pack_extension(folder: Path, vsix: Path) -> Path:
    """A plain extension without a build, as the one file that is installed."""
    with zipfile.ZipFile(vsix, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path("extension") / path.relative_to(folder))
    return vsix


def install_extensions(profile: Profile, extensions: Sequence[Path]) -> None:
    """Install .vsix files into a profile, as a user does from the command line."""
    wanted = [word for path in extensions for word in ("--install-extension", str(path))]
    done = subprocess.run(
        (*_command(profile), *wanted),
        env=_environment(profile, {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def show_file(profile: Profile, path: Path) -> bool:
    """Have the running workbench of a profile show a file, as ``code FILE`` does; False while it has no window."""
    done = subprocess.run(
        (*_command(profile), "--reuse-window", str(path)),
        env=_environment(profile, {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=START_DEADLINE_S,
        check=False,
    )
    return done.returncode == 0


@contextlib.contextmanager
def running_code_server(profile: Profile, *, environment: Mapping[str, str], log: Path) -> Generator[str]:
    """The workbench's address. Its process group, children and all, is gone afterwards."""
    port = _free_port()
    arguments = (
        *("--auth", "none", "--bind-addr", f"{LOOPBACK}:{port}"),
        *("--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"),
        "--disable-getting-started-override",
    )
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            (*_command(profile), *arguments),
            env=_environment(profile, environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            address = f"http://{LOOPBACK}:{port}"
            _wait_until_it_answers(server, f"{address}/healthz", log)
            yield address
        finally:
            _end_group(server)


def _command(profile: Profile) -> tuple[str, ...]:
    folder = workbench_folder()
    return (
        *(str(node_program(folder)), str(entry_script(folder))),
        *("--config", str(profile.root / "config.yaml")),
        *("--user-data-dir", str(profile.user_data), "--extensions-dir", str(profile.extensions)),
    )


def _environment(profile: Profile, more: Mapping[str, str]) -> dict[str, str]:
    profile.root.mkdir(parents=True, exist_ok=True)
    (profile.root / "config.yaml").touch()
    own = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"), str(profile.root))
    return {**os.environ, **own, **more}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=5):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(0.1)
    raise AssertionError(f"code-server does not answer:\n{log.read_text(encoding='utf-8')[-4000:]}")


def _end_group(server: subprocess.Popen[bytes]) -> None:
    """Ask, then force; extension hosts, file watchers and debuggees are in groups under the same session."""
    members = _session_members(server.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(STOP_DEADLINE_S)
    for pid in {*members, *_session_members(server.pid)}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.wait(STOP_DEADLINE_S)


def _session_members(leader: int) -> set[int]:
    """Processes of the session that the leader began, and their descendants in sessions of their own."""
    parents: dict[int, int] = {}
    members: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid] = int(fields[1])
            if int(fields[3]) == leader:
                members.add(pid)
    grown = True
    while grown:
        below = {pid for pid, parent in parents.items() if parent in members and pid not in members}
        grown = bool(below)
        members |= below
    return members
