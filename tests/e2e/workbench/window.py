"""A window of a running workbench with our .vsix in a clean profile, for tests and benchmarks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from chromium import CHROMIUM_ARGUMENTS
from e2e.workbench import install
from e2e.workbench.code_server import Profile, install_extensions, pack_extension, running_code_server, show_file
from e2e.workbench.workbench import DEADLINE_S, Workbench

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PICTURES = ROOT / "build" / "pictures" / "workbench"
PACKAGE_DEADLINE_S = 300


def package_extension() -> Path:
    """The extension as users get it, built from this checkout."""
    made = subprocess.run(
        ("node", str(ROOT / "client" / "extension" / "package.mjs")),
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PACKAGE_DEADLINE_S,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / made.stdout.rpartition(":")[0]


@contextmanager
def opened_workbench(vsix: Path, programs: Iterable[Path]) -> Generator[Workbench]:
    """A window on a folder that holds copies of the programs."""
    install.install()
    root = Path(tempfile.mkdtemp(prefix="tapelens-"))  # short: sockets lie below it
    try:
        profile = Profile(root=root / "profile")
        profile.write_settings()
        install_extensions(profile, [pack_extension(HERE / "debugger_extension", root / "debugger.vsix"), vsix])
        folder = root / "programs"
        (folder / ".vscode").mkdir(parents=True)
        for program in programs:
            shutil.copy(program, folder)
        environment = {"TAPELENS_TEST_PYTHON": sys.executable}
        with (
            running_code_server(profile, environment=environment, log=root / "code-server.log") as address,
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=install.browser_program(), args=CHROMIUM_ARGUMENTS) as browser,
        ):
            expect.set_options(timeout=DEADLINE_S * 1000)
            # Reduced motion: a picture shows what comes to stand, not what is on its way.
            page = browser.new_page(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
            workbench = Workbench(page, address, folder, PICTURES, open_file=partial(show_file, profile))
            workbench.write_launch()
            workbench.load()
            yield workbench
    finally:
        shutil.rmtree(root, ignore_errors=True)
