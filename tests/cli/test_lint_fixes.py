"""``tapelens lint --fix`` and ``--diff`` as real commands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.commands import tapelens

FORGOTTEN = """\
import torch
model = torch.nn.Linear(3, 1)  # a model
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    loss = model(torch.randn(4, 3)).mean()
    loss.backward()
    opt.step(){comment}
"""
MENDED = FORGOTTEN.replace("    loss.backward()", "    opt.zero_grad()\n    loss.backward()")


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(FORGOTTEN.format(comment=""), encoding="utf-8")
    return path


def test_a_fixed_file_is_silent_afterwards_and_keeps_its_rights(train: Path):
    train.chmod(0o640)
    ended = tapelens("lint", "--fix", "train.py", cwd=train.parent)
    assert (ended.status, ended.out) == (0, "Nothing found in 1 file.\n")
    assert ended.said == ["fixed 1 finding in 1 file."]
    assert train.read_text(encoding="utf-8") == MENDED.format(comment="")
    assert train.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in train.parent.iterdir()] == ["train.py"]


def test_a_diff_changes_nothing_and_is_one_that_git_applies(train: Path):
    ended = tapelens("lint", "--diff", cwd=train.parent)
    assert ended.status == 1
    assert train.read_text(encoding="utf-8") == FORGOTTEN.format(comment="")
    subprocess.run(["git", "apply", "-"], input=ended.out, text=True, cwd=train.parent, check=True)
    assert train.read_text(encoding="utf-8") == MENDED.format(comment="")
    assert tapelens("lint", "--diff", cwd=train.parent).status == 0


def test_what_a_comment_silences_is_not_fixed(train: Path):
    text = FORGOTTEN.format(comment="  # tapelens: ignore[missing-zero-grad]")
    train.write_text(text, encoding="utf-8")
    ended = tapelens("lint", "--fix", cwd=train.parent)
    assert ended.status == 0
    assert train.read_text(encoding="utf-8") == text


def test_the_file_s_coding_and_line_ends_stay(train: Path):
    text = "# coding: latin-1\n" + FORGOTTEN.format(comment="").replace("a model", "ein Modell für uns")
    train.write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    assert tapelens("lint", "--fix", cwd=train.parent).status == 0
    fixed = train.read_bytes().decode("latin-1")
    assert fixed.count("\r\n") == fixed.count("\n") == text.count("\n") + 1
    assert fixed.replace("\r\n", "\n").splitlines()[6] == "    opt.zero_grad()"


def test_a_half_typed_file_is_left_as_it_is_and_the_others_are_fixed(train: Path):
    broken = train.with_name("half.py")
    broken.write_text("for x in range(:\n    opt.step(\n", encoding="utf-8")
    ended = tapelens("lint", "--fix", cwd=train.parent)
    assert ended.status == 1
    assert "syntax-error" in ended.out
    assert broken.read_text(encoding="utf-8") == "for x in range(:\n    opt.step(\n"
    assert train.read_text(encoding="utf-8") == MENDED.format(comment="")


def test_an_unsafe_fix_is_made_only_when_asked_for(tmp_path: Path):
    path = tmp_path / "grads.py"
    text = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\ny.sum().backward()\nprint(y.grad)\n"
    path.write_text(text, encoding="utf-8")
    assert tapelens("lint", "--fix", cwd=tmp_path).status == 1
    assert path.read_text(encoding="utf-8") == text
    assert tapelens("lint", "--fix", "--unsafe-fixes", cwd=tmp_path).status == 0
    assert "y.retain_grad()\ny.sum().backward()\n" in path.read_text(encoding="utf-8")
