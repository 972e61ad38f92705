"""`metrics.json` as records: what was written comes back, of this schema and of earlier ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heldout.errors import ArtifactError
from heldout.run.folder import RunFolder
from heldout.run.metrics import SCHEMA, read_metrics, write_metrics

RELEASED = sorted((Path(__file__).parents[1] / "golden/runs").glob("*/*/run/metrics.json"))


def as_today(values: dict) -> dict:
    """What a file of schema 1 says, under the keys of schema 2."""
    names = {"ladder": "candidates", "ladder_rows": "cross_validated_rows"}
    return {names.get(key, key): value for key, value in values.items()} | {"schema": 2}


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.parts[-3])
def test_what_a_release_wrote_comes_back_without_loss(path, tmp_path):
    metrics = read_metrics(RunFolder(path.parent))
    write_metrics(RunFolder(tmp_path), metrics)
    before, after = json.loads(path.read_text("utf-8")), json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert after == as_today(before)
    assert read_metrics(RunFolder(tmp_path)) == metrics


def changed(tmp_path: Path, change) -> RunFolder:
    values = as_today(json.loads(RELEASED[0].read_text("utf-8")))
    change(values)
    (tmp_path / "metrics.json").write_text(json.dumps(values), "utf-8")
    return RunFolder(tmp_path)


def test_keys_of_a_later_version_are_kept(tmp_path):
    def add(values):
        values["later"] = [1]
        values["data"]["later"] = {"a": None}
        values["candidates"][0]["later"] = True

    folder = changed(tmp_path, add)
    before = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    write_metrics(folder, read_metrics(folder))
    assert json.loads((tmp_path / "metrics.json").read_text("utf-8")) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(schema=SCHEMA + 1), "this heldout reads up to"),
        (lambda v: v.update(schema=True), "has schema True"),
        (lambda v: v.pop("data"), "no 'data'"),
        (lambda v: v["data"].pop("fingerprint"), "DataRecord has no 'fingerprint'"),
        (lambda v: v.update(chosen="tree"), "ChosenRecord is a str"),
        (lambda v: v.update(candidates=[3]), "CandidateRecord is a int"),
        (lambda v: v.update(test={"mcc": 1.0}), "no 'ci_level'"),
    ],
)
def test_what_cannot_be_read_is_named(change, message, tmp_path):
    with pytest.raises(ArtifactError, match=message) as caught:
        read_metrics(changed(tmp_path, change))
    assert caught.value.where == str(tmp_path / "metrics.json")
