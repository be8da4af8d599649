"""The extension's one file: what is in it, and that its server runs on a bare Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

SIZE_LIMIT = 3 * 2**20
DEADLINE_S = 60


def test_it_is_small_and_holds_what_every_platform_needs_and_nothing_else(vsix: Path) -> None:
    assert vsix.stat().st_size <= SIZE_LIMIT
    with zipfile.ZipFile(vsix) as archive:
        names = [name.removeprefix("extension/") for name in archive.namelist()]
    for needed in (
        *("package.json", "readme.md", "LICENSE.txt", "client/extension/out/extension.js"),
        *("bundled/tapelens/lsp/server.py", "bundled/tapelens/probe/session.py", "bundled/libs/pygls/__init__.py"),
        *("bundled/libs/pathspec/__init__.py", "bundled/libs/tomli/__init__.py"),
        *("bundled/tapelens/report/rules/missing-zero-grad.md", "bundled/tapelens/source/file.py"),
        *("bundled/tapelens/web/page/panel.js", "bundled/tapelens/web/page/panel.css"),
    ):
        assert needed in names
    parts = {part for name in names for part in Path(name).parts}
    assert parts.isdisjoint({"__pycache__", "tests", "test", "node_modules", "debugpy", "torch"})
    assert {Path(name).suffix for name in names}.isdisjoint({".pyc", ".so", ".pyd", ".dll", ".ts", ".map"})


def test_its_server_needs_no_package_of_the_interpreters(vsix: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(vsix) as archive:
        archive.extractall(tmp_path)
    bundled = tmp_path / "extension" / "bundled"
    messages = (
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "tapelens/bootstrap", "params": {"armed": True, "pauseOn": ["all"]}},
        {"id": 3, "method": "shutdown"},
        {"method": "exit"},
    )
    answered = subprocess.run(
        (sys.executable, "-S", "-m", "tapelens.lsp"),  # -S: no site-packages
        cwd=bundled,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{bundled / 'libs'}{os.pathsep}{bundled}"},
        input=b"".join(_framed(message) for message in messages),
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert answered.returncode == 0, answered.stderr.decode()
    assert str(bundled / "tapelens") in answered.stdout.decode()  # where the bootstrap finds the bundle


LOOK = """
import sys
from pathlib import Path
from tapelens.check.judge import Judge
from tapelens.check.lint import lint
from tapelens.settings import SettingsReader

reader = SettingsReader()
for finding in lint([Path(sys.argv[1])], Judge(reader), reader).findings:
    print(finding.rule, finding.site.line, finding.fix.title)
"""

FORGETFUL = """\
import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    model(torch.ones(4, 3)).sum().backward()
    optimizer.step()
"""


def test_it_finds_and_mends_misuse_in_source_without_them_too(vsix: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(vsix) as archive:
        archive.extractall(tmp_path)
    bundled = tmp_path / "extension" / "bundled"
    program = tmp_path / "train.py"
    program.write_text(FORGETFUL, encoding="utf-8")
    looked = subprocess.run(
        (sys.executable, "-S", "-c", LOOK, program),
        cwd=bundled,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{bundled / 'libs'}{os.pathsep}{bundled}"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert looked.returncode == 0, looked.stderr
    assert looked.stdout == "missing-zero-grad 7 Insert `optimizer.zero_grad()` before the backward\n"


def test_the_manifest_offers_every_rule_to_pause_on(vsix: Path) -> None:
    from tapelens.rules.catalogue import RULES

    with zipfile.ZipFile(vsix) as archive:
        manifest = json.loads(archive.read("extension/package.json"))
    pause_on = manifest["contributes"]["configuration"]["properties"]["tapelens.pauseOn"]
    assert sorted(pause_on["items"]["enum"]) == sorted(["all", *(rule.slug for rule in RULES if rule.runtime)])


def _framed(message: dict[str, Any]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
