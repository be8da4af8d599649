"""Put the workbench that tests drive in place: code-server with its own Node, and Chromium.

Run as a program it installs what is missing, silently when nothing is. Everything goes into the
user's cache folder, keyed by version, so that a second checkout pays nothing. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

CODE_SERVER = "4.139.1"
NODE = "24.21.0"  # code-server refuses another major version; this npm package ships the binary
NATIVE_MODULES = (
    "@parcel/watcher",
    "@vscode/deviceid",
    "@vscode/fs-copyfile",
    "@vscode/native-watchdog",
    "@vscode/spdlog",
    "@vscode/sqlite3",
    "kerberos",
    "node-pty",
)
LOADED_AT_START = ("@parcel/watcher", "@vscode/spdlog", "@vscode/native-watchdog", "kerberos", "node-pty")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STAMP = "tapelens-installed"
LOCK_PATIENCE_S = 1500


class InstallError(Exception):
    """One sentence: what is missing, and what to do."""


def workbench_folder() -> Path:
    """Where code-server stands, or will stand."""
    cache = os.environ.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path.home() / ".cache"
    return base / "tapelens" / f"code-server-{CODE_SERVER}"


def node_program(folder: Path) -> Path:
    """The Node that code-server runs on."""
    return folder / "node_modules" / "node" / "bin" / "node"


def entry_script(folder: Path) -> Path:
    """The script that this Node runs."""
    return folder / "node_modules" / "code-server" / "out" / "node" / "entry.js"


def browser_program() -> str | None:
    """Path of a Chromium, None without one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def is_ready() -> bool:
    """Whether there is nothing to install."""
    folder = workbench_folder()
    return (folder / STAMP).is_file() and entry_script(folder).is_file() and browser_program() is not None


def install() -> None:
    """Install what is missing.

    Raises:
        InstallError: Something cannot be installed from here.
    """
    if is_ready():
        return
    folder = workbench_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(_beside(folder, ".lock")):
        if is_ready():  # another process did it while we waited
            return
        built = _works(folder)
        _install_packages(_missing_packages(to_build=not built))
        if not built:
            _build(folder)
        (folder / STAMP).write_text(f"code-server {CODE_SERVER}, node {NODE}\n", encoding="utf-8")


def _works(folder: Path) -> bool:
    """Whether code-server starts there and its compiled modules load."""
    node, entry = node_program(folder), entry_script(folder)
    if not (node.is_file() and entry.is_file()):
        return False
    loads = "".join(f"require({name!r});" for name in LOADED_AT_START)
    probes = ((entry.parent, (str(entry), "--version")), (_vscode(folder), ("-e", loads)))
    try:
        for cwd, arguments in probes:
            _run((str(node), *arguments), log=_beside(folder, ".log"), cwd=cwd, deadline_s=60)
    except InstallError:
        return False
    return True


def _beside(folder: Path, ending: str) -> Path:
    return folder.with_name(folder.name + ending)


def _vscode(folder: Path) -> Path:
    return folder / "node_modules" / "code-server" / "lib" / "vscode"


def _build(folder: Path) -> None:
    """Fetch and compile in a folder beside, then put it in place: no half of it is ever taken for whole."""
    npm = shutil.which("npm")
    if npm is None:
        raise InstallError("npm is missing: install Node.js 20 or newer with npm, then try again.")
    begun = _beside(folder, ".partial")
    log = _beside(folder, ".log")
    log.unlink(missing_ok=True)
    for earlier in (begun, folder):
        if earlier.exists():
            shutil.rmtree(earlier)
    begun.mkdir()
    (begun / "package.json").write_text('{"name": "tapelens-workbench", "private": true}\n', encoding="utf-8")
    path = f"{node_program(begun).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")

    def step(what: str, *arguments: str, cwd: Path = begun, deadline_s: int = 600) -> None:
        _say(what)
        _run((npm, *arguments), log=log, cwd=cwd, deadline_s=deadline_s, env={"PATH": path})

    step(f"Node {NODE} for code-server", "install", *quiet, "--save-exact", f"node@{NODE}")
    step(
        f"code-server {CODE_SERVER}",
        "install",
        *quiet,
        "--save-exact",
        "--ignore-scripts",
        f"code-server@{CODE_SERVER}",
    )
    vscode = _vscode(begun)
    step("its dependencies", "install", *quiet, "--omit=dev", "--ignore-scripts", cwd=vscode)
    if _npm_asks_for_approval(npm):
        step("leave to compile", "install-scripts", "approve", *NATIVE_MODULES, cwd=vscode)
    step(
        "its native modules, compiled here (about two minutes)",
        *("rebuild", "--foreground-scripts", *_node_headers()),
        cwd=vscode,
        deadline_s=1500,
    )
    begun.rename(folder)
    if not _works(folder):
        raise InstallError(f"code-server was built but does not start: see {log}.")


def _npm_asks_for_approval(npm: str) -> bool:
    """npm 11.1 and newer want to be told which packages may run scripts."""
    told = subprocess.run((npm, "--version"), capture_output=True, text=True, timeout=60, check=False).stdout
    major, minor, *_ = (*(int(part) for part in told.split(".")[:2] if part.isdigit()), 0, 0)
    return (major, minor) >= (11, 1)


def _node_headers() -> tuple[str, ...]:
    """Headers that the system's Node came with; the modules are N-API, so another version's do."""
    node = shutil.which("node")
    roots = (Path("/usr"), *((Path(node).resolve().parent.parent,) if node else ()))
    found = next((root for root in roots if (root / "include" / "node" / "node_api.h").is_file()), None)
    return (f"--nodedir={found}",) if found else ()


def _missing_packages(*, to_build: bool) -> list[str]:
    """Debian's names of what is not there."""
    wanted = [] if browser_program() else ["chromium"]
    if not to_build:
        return wanted
    wanted += [package for program, package in (("make", "make"), ("g++", "g++")) if not shutil.which(program)]
    if not shutil.which("pkg-config"):
        return [*wanted, "pkg-config", "libkrb5-dev", "libsecret-1-dev", "libxkbfile-dev"]
    libraries = (("krb5-gssapi", "libkrb5-dev"), ("libsecret-1", "libsecret-1-dev"), ("xkbfile", "libxkbfile-dev"))
    for library, package in libraries:
        if subprocess.run(("pkg-config", "--exists", library), timeout=60, check=False).returncode != 0:
            wanted.append(package)
    return wanted


def _install_packages(packages: Sequence[str]) -> None:
    if not packages:
        return
    names = " ".join(packages)
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        how = f"run `apt-get install -y --no-install-recommends {names}` as root" if apt else "install them"
        raise InstallError(f"System packages are missing ({names}): {how}, then try again.")
    log = _beside(workbench_folder(), ".apt.log")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    _say(f"system packages: {names}")
    _run((apt, "update", "-q"), log=log, cwd=log.parent, deadline_s=600, env=env)
    _run(
        (apt, "install", "-y", "-q", "--no-install-recommends", *packages),
        log=log,
        cwd=log.parent,
        deadline_s=1500,
        env=env,
    )


@contextlib.contextmanager
def _alone(lock: Path) -> Generator[None]:
    """Hold the lock; the system drops it when we die."""
    with lock.open("w", encoding="utf-8") as held:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        told = False
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InstallError(
                        f"Another installation has held {lock} for too long: end it, then try again."
                    ) from None
            if not told:
                _say("waiting for another installation to end")
                told = True
            time.sleep(0.5)
        yield


def _run(
    command: Sequence[str], *, log: Path, cwd: Path, deadline_s: int, env: Mapping[str, str] | None = None
) -> None:
    """Run to the end in a process group of its own, output to the log; end the group past the deadline."""
    with log.open("a", encoding="utf-8") as output:
        output.write(f"\n$ {shlex.join(command)}\n")
        output.flush()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise InstallError(
                f"`{shlex.join(command[:3])} …` was not done after {deadline_s} s: see {log}, then try again."
            ) from None
        finally:
            if child.poll() is None:  # too late, or interrupted
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if status != 0:
        raise InstallError(f"`{shlex.join(command[:3])} …` ended with status {status}: see {log}, then try again.")


def _say(what: str) -> None:
    sys.stderr.write(f"workbench: {what} …\n")
    sys.stderr.flush()


def main() -> int:
    """Install; one sentence and status 1 when that cannot be."""
    try:
        install()
    except InstallError as error:
        sys.stderr.write(f"workbench: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
