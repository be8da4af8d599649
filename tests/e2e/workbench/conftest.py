"""One workbench for all tests of a module: a clean profile, our .vsix, a folder of programs."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from e2e.workbench.window import HERE, ROOT, opened_workbench, package_extension
from e2e.workbench.workbench import Workbench


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The extension as users get it, built from this checkout."""
    return package_extension()


@pytest.fixture(scope="module")
def shared_workbench(vsix: Path) -> Generator[Workbench]:
    """A window of a running workbench; the module's tests share it."""
    programs = [*(ROOT / "examples" / "seed").glob("*.py"), *(HERE / "programs").glob("*.py")]
    with opened_workbench(vsix, programs) as workbench:
        yield workbench


@pytest.fixture
def workbench(shared_workbench: Workbench) -> Generator[Workbench]:
    """The shared window, left without sessions, breakpoints and settings of the test's."""
    yield shared_workbench
    shared_workbench.reset()
