"""torch is met when the program imports it, and never imported by us."""

from __future__ import annotations

import subprocess
import sys

PRELUDE = """
import sys, threading, types
sys.path.insert(0, {folder!r})
from tapelens.probe.entry.torch_import import TorchImport
met = []
watch = TorchImport(lambda torch: met.append((torch.ready, threading.current_thread().name)))
"""


def run(tmp_path, body: str) -> str:
    """Run beside a stand-in for torch: what is tested is the import system, not torch."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "import sys, threading\nready = False\nbegun = getattr(sys, 'begun', None)\n"
        "if begun: begun.set(); sys.go_on.wait(10)\nready = True\n"
    )
    script = PRELUDE.format(folder=str(tmp_path)) + body
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_a_torch_that_is_imported_later_is_met_whole_on_the_importing_thread(tmp_path):
    out = run(
        tmp_path, "watch.watch(); assert 'torch' not in sys.modules; import torch; print(met, len(sys.meta_path))"
    )
    assert out.startswith("[(True, 'MainThread')]")


def test_the_finder_leaves_the_import_system_as_it_was(tmp_path):
    out = run(
        tmp_path,
        "before = list(sys.meta_path); watch.watch(); import torch; print(sys.meta_path == before,"
        " type(torch.__loader__).__name__, 'exec_module' in vars(torch.__loader__))",
    )
    assert out == "True SourceFileLoader False"


def test_a_torch_that_is_there_already_is_met_at_once(tmp_path):
    assert run(tmp_path, "import torch; watch.watch(); print(met)") == "[(True, 'MainThread')]"


def test_a_torch_that_another_thread_is_importing_is_met_when_it_is_whole(tmp_path):
    out = run(
        tmp_path,
        """
sys.begun, sys.go_on = threading.Event(), threading.Event()
importer = threading.Thread(target=lambda: __import__("torch"))
importer.start(); sys.begun.wait(10)
watch.watch(); assert met == []
sys.go_on.set(); importer.join(10)
[thread.join(10) for thread in threading.enumerate() if thread.name == "tapelens.torch"]
print(met)
""",
    )
    assert out == "[(True, 'tapelens.torch')]"


def test_an_import_that_fails_fails_as_ever_and_is_met_when_it_works(tmp_path):
    out = run(
        tmp_path,
        """
watch.watch()
import pathlib
source = pathlib.Path(sys.path[0], "torch", "__init__.py"); good = source.read_text()
source.write_text("raise ValueError('broken')")
try: import torch
except ValueError as error: print(error, met)
import importlib; importlib.invalidate_caches()
source.write_text(good)
import torch
print(met)
""",
    )
    assert out.splitlines() == ["broken []", "[(True, 'MainThread')]"]
