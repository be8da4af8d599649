"""Empty stand-ins for the CUDA libraries that a CUDA build of torch links, so that it runs on a CPU without them.

PyPI's wheels of torch for Linux link some gigabytes of NVIDIA's libraries. A test that needs no GPU needs
none of their code, only that the dynamic loader finds each name. The stand-ins lie beside torch's own
libraries, whose RPATH ends with ``$ORIGIN``. For tests only; needs gcc and readelf.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_NVIDIA = re.compile(r"lib(cu|nv|nccl)")
_ENTRY_POINT = re.compile(r"(__cuda|cu|nv|nccl|pnccl)")  # of NVIDIA's; Python's own are undefined here too

_NO_DEVICE = 100  # ``cudaErrorNoDevice``: torch counts no GPU, and does not warn


@dataclass
class _Wanted:
    """What torch's libraries ask of one library that is not there."""

    versions: dict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))


def write_stand_ins(folder: Path) -> list[str]:
    """Put a stand-in for each missing library into torch's ``lib`` folder; their names."""
    ours = [each for each in folder.iterdir() if ".so" in each.name and each.read_bytes()[:4] == b"\x7fELF"]
    present = {each.name for each in ours}
    wanted = {name: _Wanted() for library in ours for name in _needed(library) if _NVIDIA.match(name)}
    wanted = {name: want for name, want in wanted.items() if name not in present}
    home = {}  # of each version's name
    loose: set[str] = set()
    defined: set[str] = set()
    for library in ours:
        home |= {version: name for name, version in _version_needs(library) if name in wanted}
    for library in ours:
        for symbol, version, is_defined in _symbols(library):
            if is_defined:
                defined.add(symbol)
            elif version in home:
                wanted[home[version]].versions[version].add(symbol)
            elif not version and _ENTRY_POINT.match(symbol):
                loose.add(symbol)
    for name, want in wanted.items():
        extra = loose - defined if name.startswith("libcudart") else set[str]()
        _write(folder / name, want.versions, extra)
    return sorted(wanted)


def _needed(library: Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.+)\]", _readelf("-d", library))


def _version_needs(library: Path) -> list[tuple[str, str]]:
    """Library and version name, from the section that says which versions are needed of whom."""
    found: list[tuple[str, str]] = []
    name = ""
    for line in _readelf("-V", library).splitlines():
        if file := re.search(r"File: (\S+)", line):
            name = file[1]
        elif name and (version := re.search(r"Name: (\S+)\s+Flags", line)):
            found.append((name, version[1]))
    return found


def _symbols(library: Path) -> list[tuple[str, str, bool]]:
    """Name, version or nothing, and whether it is defined there."""
    rows = (line.split() for line in _readelf("--dyn-syms", library).splitlines())
    found: list[tuple[str, str, bool]] = []
    for row in rows:
        if len(row) >= 8 and row[0].rstrip(":").isdigit():
            name, _, version = row[7].partition("@")
            if row[6] != "UND" or row[4] != "WEAK":
                found.append((name, version.lstrip("@"), row[6] != "UND"))
    return found


def _write(library: Path, versions: dict[str, set[str]], extra: set[str]) -> None:
    symbols = sorted(extra.union(*versions.values()))
    with tempfile.TemporaryDirectory() as scratch:
        source, script = Path(scratch) / "stand_in.c", Path(scratch) / "versions.map"
        source.write_text("".join(f"int {symbol}(void) {{ return {_NO_DEVICE}; }}\n" for symbol in symbols))
        command = ["gcc", "-shared", "-fPIC", "-nostdlib", "-w", "-fno-builtin", "-o", str(library), str(source)]
        command.append(f"-Wl,-soname,{library.name}")
        if versions:
            blocks = (f"{version} {{ global: {'; '.join(sorted(names))}; }};\n" for version, names in versions.items())
            script.write_text("".join(blocks))
            command.append(f"-Wl,--version-script={script}")
        subprocess.run(command, check=True, capture_output=True, text=True)


def _readelf(option: str, library: Path) -> str:
    return subprocess.run(["readelf", "-W", option, str(library)], check=True, capture_output=True, text=True).stdout
