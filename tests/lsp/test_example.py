"""The client that docs/protocol.md shows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from tapelens.lsp import messages
from tapelens.lsp.features import make_server

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "examples" / "lsp_client.py"
COMMAND = re.compile(r"^\$ python (examples/lsp_client\.py .*)$", re.MULTILINE)


def test_the_documented_command_stops_hovers_finds_and_ends():
    arguments = COMMAND.findall((ROOT / "docs" / "protocol.md").read_text(encoding="utf-8"))
    assert len(arguments) == 1
    program = ROOT / arguments[0].split()[1]
    ran = subprocess.run(
        [sys.executable, *arguments[0].split()], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(f"stopped at {program}:13\n`loss` · Tensor () float32 cpu · non-leaf") == 4
    assert "warning: missing-zero-grad: " in ran.stdout
    assert ran.stdout.endswith("ended with status 0\n")


def test_a_program_without_torch_has_nothing_to_show(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("x = 1\n", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(CLIENT), str(program), "1", "x"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"stopped at {program}:1\nnothing to show\nended with status 0\n"


def test_the_page_names_every_method_every_command_and_every_argument():
    page = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    methods = [messages.BOOTSTRAP, messages.DAP_SESSION, messages.DAP_EVENT, messages.DAP, messages.PANEL]
    commands = make_server().protocol.commands
    arguments = {camel_case(each.name) for kind, _ in commands.values() for each in fields(kind)}
    told = {each for kind in messages.METHOD_OF for each in messages.to_params(blank(kind))}
    for name in [*methods, *messages.METHOD_OF.values(), *commands, *arguments, *told]:
        assert re.search(rf"\b{re.escape(name)}\b", page), name


def blank(kind: Any) -> Any:
    return kind(**{each.name: None for each in fields(kind)})


def test_it_is_short_and_needs_the_standard_library_alone():
    text = CLIENT.read_text(encoding="utf-8")
    imported = {each.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for each in node.names}
    assert imported <= sys.stdlib_module_names
    assert len([line for line in text.splitlines() if line.strip()]) <= 70


def camel_case(name: str) -> str:
    """As LSP writes the names of fields."""
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)
