"""The files that go into a debugged program: where they are, and their text for one that cannot see them."""

from __future__ import annotations

import base64
import functools
import io
import json
import sys
import tokenize
import zlib
from importlib import import_module, resources
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

PARTS = ("events", "wire", "rules", "probe")
"""What the bundle is made of, beside the package's own ``__init__``."""

SERVERS_OWN = {"wire/reading.py", "wire/strict.py", "wire/generate.py"}
TWINS_OF_THE_SERVER = {"source.py", "fix.py"}
"""Of a rule's folder; they read source and never run in a program."""

NAME = "_tapelens"
"""What the bundle is called in a program's process."""

_BETWEEN = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.COMMENT}


def bundle_root() -> Path:
    """Folder of the package's own files, which is also the bundle's."""
    with resources.as_file(resources.files("tapelens")) as root:
        return root


def load_bundle(module: str) -> ModuleType:
    """Put the bundle into this very process, under its private name, and give a module of it."""
    if NAME not in sys.modules:
        root = bundle_root()
        spec = spec_from_file_location(NAME, root / "__init__.py", submodule_search_locations=[str(root)])
        assert spec is not None
        assert spec.loader is not None
        sys.modules[NAME] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[NAME])
    return import_module(f"{NAME}.{module}")


def stamp(root: Path) -> tuple[int, int]:
    """What tells this installation's files from another's at the same path: bytes and time of one of them."""
    told = (root / "__init__.py").stat()
    return told.st_size, told.st_mtime_ns


@functools.cache
def shipped() -> str:
    """Every file of the bundle by its path, without comments and docstrings: JSON, packed, as ASCII."""
    root = bundle_root()
    texts = {name: _bare((root / name).read_text(encoding="utf-8")) for name in bundle_files(root)}
    return base64.b64encode(zlib.compress(json.dumps(texts).encode(), 9)).decode("ascii")


def bundle_files(root: Path) -> list[str]:
    """Paths below ``root``, spelled with ``/``."""
    inside = [path for part in PARTS for path in (root / part).rglob("*.py")]
    names = ["__init__.py", *sorted(path.relative_to(root).as_posix() for path in inside)]
    return [name for name in names if name not in SERVERS_OWN and not _is_source_twin(name)]


def _is_source_twin(name: str) -> bool:
    return name.startswith("rules/") and name.rpartition("/")[2] in TWINS_OF_THE_SERVER


def _bare(text: str) -> str:
    """The same statements on the same lines; strings that nobody uses become empty."""
    lines = text.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    gone: list[tuple[tuple[int, int], tuple[int, int], str]] = []
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.type == tokenize.COMMENT:
            gone.append((token.start, token.end, ""))
        elif token.type == tokenize.STRING and before.type in _BETWEEN and after.type == tokenize.NEWLINE:
            gone.append((token.start, token.end, '""'))
    for (first, column), (last, end), instead in reversed(gone):
        tail = lines[last - 1][end:]
        blank = ["\n"] * (last - first)
        lines[first - 1 : last] = [lines[first - 1][:column] + instead + (tail if first == last else "\n"), *blank]
    return "".join(lines)
