"""What a run shows, in the formats of other programs, and what comments silence of it."""

from __future__ import annotations

from pathlib import Path

from cli.commands import line_of, script, tapelens

FORGETFUL = """\
import torch

torch.set_num_threads(1)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()  # tapelens: ignore[missing-zero-grad]
for step in range(3):
    model(torch.ones(4, 3)).sum().backward()
    optimizer.step()  # fault
print("learned")
"""


def test_a_run_s_findings_as_sarif_less_what_comments_silence_and_as_loud_as_the_project_wants(tmp_path: Path):
    path = script(tmp_path, FORGETFUL)
    script(tmp_path, '[tool.tapelens.severity]\nmissing-zero-grad = "error"\n', "pyproject.toml")
    ended = tapelens("run", "--format=sarif", path.name, cwd=tmp_path)
    assert ended.status == 1
    assert "learned" in ended.err
    (run,) = ended.object["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("missing-zero-grad", "error")
    assert result["properties"]["seen"] == "live"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": path.name, "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == line_of(path, "fault")
