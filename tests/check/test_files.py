"""Which files a folder gives: held against git itself where .gitignore speaks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tapelens.check.files import ProjectFiles, python_files
from tapelens.errors import UsageError
from tapelens.settings import SettingsReader


def plant(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")


def given(*paths: Path) -> list[str]:
    top = paths[0] if paths[0].is_dir() else paths[0].parent
    return [file.relative_to(top).as_posix() for file in python_files(paths, SettingsReader())]


def test_a_folder_gives_its_own_python_files_in_order(tmp_path: Path):
    plant(tmp_path, "b.py", "a/z.py", "a/run.pyw", "c.txt", "d.pyi", "tests/t.py")
    plant(tmp_path, ".hidden/h.py", "node_modules/n.py", "build/b.py", "a/__pycache__/c.py", "env/pyvenv.cfg")
    plant(tmp_path, "env/lib/python3/site-packages/torch/x.py", ".venv/x.py", "lib/site-packages/y.py")
    assert given(tmp_path) == ["b.py", "a/run.pyw", "a/z.py", "tests/t.py"]


def test_what_is_named_is_taken_whatever_it_is_and_once(tmp_path: Path):
    plant(tmp_path, ".hidden/h.py", "script", "a.py")
    names = given(tmp_path, tmp_path / "a.py", tmp_path / "script", tmp_path / ".hidden" / "h.py")
    assert names == ["a.py", "script", ".hidden/h.py"]


def test_links_to_folders_are_not_followed(tmp_path: Path):
    plant(tmp_path, "a/x.py")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert given(tmp_path) == ["a/x.py"]


def test_gitignore_counts_as_git_counts_it(tmp_path: Path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    names = ["a.py", "gen_a.py", "keep/gen_keep.py", "out/x.py", "in/out/y.py", "deep/er/z.py", "deep/er/q.py", "s.py"]
    plant(tmp_path, *names)
    (tmp_path / ".gitignore").write_text("gen_*.py\n/out/\n**/er/z.py\n", encoding="utf-8")
    (tmp_path / "keep" / ".gitignore").write_text("!gen_keep.py\n", encoding="utf-8")
    (tmp_path / ".git" / "info" / "exclude").write_text("s.py\n", encoding="utf-8")
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "--others", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()
    assert sorted(given(tmp_path)) == sorted(listed)
    assert sorted(given(tmp_path / "keep")) == ["gen_keep.py"]
    files = ProjectFiles(SettingsReader())
    assert sorted(name for name in names if files.has(tmp_path / name)) == sorted(listed)


def test_outside_of_a_repository_gitignore_says_nothing(tmp_path: Path):
    plant(tmp_path, "a.py")
    (tmp_path / ".gitignore").write_text("a.py\n", encoding="utf-8")
    assert given(tmp_path) == ["a.py"]


def test_what_the_project_excludes_is_passed_over_unless_it_is_named(tmp_path: Path):
    plant(tmp_path, "a.py", "third_party/b.py", "src/c_pb2.py", "src/third_party/d.py")
    (tmp_path / "pyproject.toml").write_text('[tool.tapelens]\nexclude = ["/third_party", "*_pb2.py"]\n')
    assert given(tmp_path) == ["a.py", "src/third_party/d.py"]
    assert given(tmp_path / "src") == ["third_party/d.py"]
    assert given(tmp_path / "third_party" / "b.py") == ["b.py"]
    files = ProjectFiles(SettingsReader())
    assert not files.has(tmp_path / "third_party" / "b.py")
    assert files.has(tmp_path / "a.py")


def test_a_path_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="there is no such file or folder"):
        given(tmp_path / "gone.py")
