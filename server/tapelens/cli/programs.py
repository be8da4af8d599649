"""The program to run and its interpreter, looked at before anything is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

from ..errors import UsageError

OLDEST_PYTHON = (3, 10)
INTERPRETER_DEADLINE_S = 30.0

_COMPILE = "import sys; compile(open(sys.argv[1], 'rb').read(), sys.argv[1], 'exec', dont_inherit=True)"


def find_python(written: str | None) -> Path | None:
    """The interpreter that ``--python`` names, by path or as found on ``PATH``; None for this one.

    Raises:
        UsageError: There is no such file, it cannot be executed, or it is no Python that the probe can enter.
    """
    if written is None:
        return None
    found = shutil.which(written)
    if found is not None:
        _check_python(Path(found).absolute())
        return Path(found).absolute()
    if Path(written).is_dir():
        raise UsageError(f"--python {written} is a folder: name the interpreter in it, such as bin/python.")
    if Path(written).exists():
        raise UsageError(f"--python {written} cannot be executed.")
    raise UsageError(f"--python {written}: there is no such interpreter.")


def check_program(path: Path, *, python: Path | None) -> None:
    """See that a script is there and compiles for the interpreter that will run it.

    Raises:
        UsageError: It is not, or does not.
    """
    if path.is_dir() and not (path / "__main__.py").is_file():
        raise UsageError(f"{path} is a folder without a __main__.py: name a Python file in it.")
    if not path.exists():
        raise UsageError(f"{path}: there is no such script.")
    if not os.access(path, os.R_OK):
        raise UsageError(f"{path} cannot be read.")
    if path.is_file() and path.suffix != ".pyz":
        _check_syntax(path, python)


def _check_syntax(path: Path, python: Path | None) -> None:
    if python is None or python == Path(sys.executable):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the program will give its own
                compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            raise UsageError(f"{path}:{error.lineno or 1}: syntax error: {error.msg}.") from error
        except ValueError as error:  # null bytes, before Python 3.12
            raise UsageError(f"{path}: this is no Python source: {error}.") from error
        return
    compiled = _ask(python, "-W", "ignore", "-c", _COMPILE, str(path))
    if compiled.returncode != 0:
        lines = compiled.stderr.strip().splitlines() or ["it does not compile"]
        where = next((line.split("line ")[-1] for line in lines if line.strip().startswith(f'File "{path}"')), "1")
        raise UsageError(f"{path}:{where}: {lines[-1]}.")


def _check_python(python: Path) -> None:
    answer = _ask(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    parts = answer.stdout.strip().split(".")
    if answer.returncode != 0 or not all(part.isdigit() for part in parts):
        raise UsageError(f"--python {python} is no Python interpreter.")
    if tuple(map(int, parts)) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise UsageError(
            f"--python {python} is Python {answer.stdout.strip()}; tapelens needs {oldest} or newer there."
        )


def _ask(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 (the interpreter that the user named)
            [python, "-I", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=INTERPRETER_DEADLINE_S,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"--python {python} cannot be executed: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"--python {python} did not answer within {INTERPRETER_DEADLINE_S:g} s.") from error
