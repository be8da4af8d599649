"""``tapelens.lint``: every Python file of the workspace looked through, with its findings published."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ...check.files import python_files
from ...check.judge import Judge
from ...check.lint import Projects, look_at
from ...settings import SettingsReader
from ...wire.findings import Finding
from ..convert import path_of
from ..language_server import TapelensServer
from ..messages import LintArguments, Linted, to_params
from ..progress import under_way

LINT = "tapelens.lint"


async def lint_workspace(ls: TapelensServer, arguments: LintArguments) -> dict[str, Any]:
    """Look through files and folders; what was found in files that are not open stays until the next such look.

    Raises:
        UsageError: A path does not exist, or a project's settings cannot be read.
    """
    paths = [Path(each) for each in arguments.paths] or _folders(ls)
    reader = SettingsReader()
    files = await asyncio.to_thread(lambda: list(python_files(paths, reader)))
    judge = Judge(reader)
    projects = Projects(reader)
    found: dict[str, Sequence[Finding]] = {}
    async with under_way(ls, "Looking for misuse of autograd") as progress:
        for number, file in enumerate(files):
            progress.report(f"{number} of {len(files)} files", percentage=100 * number // len(files))
            found[str(file)] = await asyncio.to_thread(_look, file, judge, projects)
    count = ls.publish_found(found)
    return to_params(Linted(files=len(files), findings=count))


def _look(file: Path, judge: Judge, projects: Projects) -> Sequence[Finding]:
    return tuple(look_at(file, judge, projects.of(file)))


def _folders(ls: TapelensServer) -> list[Path]:
    workspace = ls.workspace
    uris = list(workspace.folders) or ([workspace.root_uri] if workspace.root_uri else [])
    return [Path(path) for uri in uris if (path := path_of(uri)) is not None]


def register(server: TapelensServer) -> None:
    """Offer the command."""
    server.add_command(LINT, LintArguments, partial(lint_workspace, server))
