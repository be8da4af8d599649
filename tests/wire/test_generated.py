"""The generated files are fresh, and say the same as the dataclasses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import get_args

import pytest

from tapelens.wire import generate, panel, snapshot


def test_the_generated_files_are_fresh(capsys: pytest.CaptureFixture[str]):
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_file_is_named_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(generate, "PROTOCOL", tmp_path)
    (tmp_path / "wire.ts").write_text("old", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert (
        capsys.readouterr().err
        == "wire.ts is stale: run `make generate`\nwire.schema.json is stale: run `make generate`\n"
    )
    assert (tmp_path / "wire.ts").read_text(encoding="utf-8") == "old"
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_typescript_has_unions_by_their_names_and_columns_as_readonly_arrays():
    text = generate.generated()["wire.ts"]
    for line in (
        "export interface Snapshot {",
        '  readonly kind: "snapshot";',
        "  readonly shape: readonly number[];",
        "  readonly names: readonly (readonly number[])[];",
        "  readonly torch: TorchState | null;",
        "  readonly messages: readonly ProbeMessage[];",
        "  readonly first: readonly (readonly Number[])[];",
        "export type ToPanel =",
        "export type FromPanel =",
        "export type Command =",
    ):
        assert line in text.splitlines()


def test_every_message_of_a_union_is_in_the_schema_with_all_its_fields_required():
    schema = json.loads(generate.generated()["wire.schema.json"])
    for kind in (*get_args(panel.ToPanel), snapshot.TensorColumns):
        definition = schema["$defs"][kind.__name__]
        assert definition["required"] == [field.name for field in dataclasses.fields(kind)]
        assert definition["additionalProperties"] is False
    assert schema["$defs"]["ToPanel"]["anyOf"][0] == {"$ref": "#/$defs/Welcome"}
