"""The house rules that a machine can hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "server" / "tapelens"
SERVER_ONLY = {"reading.py", "strict.py", "generate.py", "source.py", "fix.py"}


def bundle_modules() -> list[str]:
    """Modules that go into a user's process, relative to the package."""
    files: list[Path] = []
    for room in ("events", "wire", "rules", "probe"):
        files += sorted((PACKAGE / room).rglob("*.py"))
    names = []
    for file in files:
        if file.name in SERVER_ONLY:
            continue
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def test_the_bundle_loads_under_its_private_name_with_the_standard_library_alone():
    script = f"""
import importlib, importlib.util, sys
root = {str(PACKAGE)!r}
spec = importlib.util.spec_from_file_location("_tapelens", root + "/__init__.py", submodule_search_locations=[root])
sys.modules["_tapelens"] = bundle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bundle)
for name in {bundle_modules()!r}:
    importlib.import_module("_tapelens." + name)
foreign = {{n.split(".")[0] for n in sys.modules}} - set(sys.stdlib_module_names) - {{"_tapelens", "__main__"}}
assert not foreign, foreign
"""
    command = [sys.executable, "-I", "-S", "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr


def test_imports_run_one_way():
    program = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("room", ["server", "client", "tests"])
def test_no_room_is_named_after_nothing(room):
    banned = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    tracked = subprocess.run(
        ["git", "ls-files", room], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    ).stdout.splitlines()
    assert tracked
    assert not [path for path in tracked if banned & {part.split(".")[0] for part in Path(path).parts}]
