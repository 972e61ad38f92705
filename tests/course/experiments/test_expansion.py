"""Jobs are known by what decides their result, and by nothing else."""

from __future__ import annotations

import pytest

from heldout.errors import SettingError
from heldout_course.experiments.expand import expand
from heldout_course.experiments.jobs import Job, with_seeds
from heldout_course.experiments.procedures import PROCEDURES, Procedure
from heldout_course.experiments.recipe import recipe_from_text
from heldout_course.experiments.runner import plan_tasks

TEXT = """id: {id}
title: {title}
data: {{name: digits, train: first 100}}
model: {{net: "dense 8, relu", epochs: 2}}
vary: {{lr: [0.1, 0.01]}}
repeats: 3
measure: [error]
profiles: {{quick: {{repeats: 2, only: {{lr: [0.1]}}}}}}
"""


def jobs(profile="full", id="a", title="A", **changes):
    text = TEXT.format(id=id, title=title)
    for old, new in changes.items():
        text = text.replace(old, new)
    return expand(recipe_from_text(text), profile).jobs


def test_titles_and_ids_of_recipes_do_not_change_jobs():
    assert [job.id for job in jobs()] == [job.id for job in jobs(id="b", title="Something else")]


def test_the_hash_of_a_job_stays_the_same_between_versions():
    assert jobs()[0].id == "5614243c0d8eb4cd795548043068d1af82e714937a0f74adf4c4805420be2788"


def test_profiles_choose_repeats_and_variants():
    assert len(jobs("full")) == 6
    quick = jobs("quick")
    assert len(quick) == 2
    assert {job.id for job in quick} < {job.id for job in jobs("full")}


def test_other_settings_are_other_jobs():
    assert not {job.id for job in jobs()} & {job.id for job in jobs(epochs="batch")}


def test_a_model_without_randomness_is_run_once():
    text = TEXT.format(id="a", title="A").replace('{net: "dense 8, relu", epochs: 2}', "{kind: k-nn}")
    text = text.replace("lr: [0.1, 0.01]", "k: [1, 3]").replace("lr: [0.1]", "k: [1]")
    assert len(expand(recipe_from_text(text), "full").jobs) == 2


def test_other_content_of_a_file_makes_other_jobs(tmp_path):
    path = tmp_path / "data.csv"
    found = []
    for value in ("1", "2"):
        path.write_text(f"a,label\n{value},x\n3,y\n")
        text = TEXT.format(id="a", title="A").replace("name: digits", f"name: {path}")
        found.append(expand(recipe_from_text(text), "full").jobs[0].id)
    assert found[0] != found[1]


def test_compatible_nets_become_stacks_of_equal_size():
    tasks = plan_tasks(jobs(), n_workers=2)
    assert sorted(len(task.jobs) for task in tasks) == [3, 3]


def test_nets_of_other_architecture_do_not_share_a_stack():
    text = TEXT.format(id="a", title="A").replace("lr: [0.1, 0.01]", 'net: ["dense 8, relu", "dense 9, relu"]')
    text = text.replace(", only: {lr: [0.1]}", "")
    tasks = plan_tasks(expand(recipe_from_text(text), "full").jobs, n_workers=1)
    assert all(len({job.spec["model"]["net"] for job in task.jobs}) == 1 for task in tasks)
    assert len(tasks) == 2


def test_an_error_per_epoch_of_folds_is_refused():
    text = TEXT.format(id="a", title="A").replace("train: first 100", "folds: 3").replace("[error]", "[final_error]")
    with pytest.raises(SettingError, match="same test rows"):
        expand(recipe_from_text(text), "full")


def test_a_job_is_known_by_the_hash_of_its_whole_description():
    spec = {"meaning": 1, "data": {"name": "iris"}, "model": {"kind": "k-nn"}, "curve": False}
    for job in with_seeds(spec, [0, 1, 123]):
        assert job.id == Job({**spec, "seed": job.seed}).id
    plan = expand(recipe_from_text(TEXT.format(id="a", title="A")), "quick")
    assert {job.id for job in plan.jobs} == {Job(dict(job.spec)).id for job in plan.jobs}
    assert all(max(job.spec) == "seed" for job in plan.jobs)


def test_a_procedure_that_is_written_anew_is_another_job(monkeypatch):
    def job():
        text = "id: a\ntitle: A\nmodel: {procedure: words, text: x}\nmeasure: [n]\n"
        return expand(recipe_from_text(text), "full").jobs[0].id

    monkeypatch.setitem(PROCEDURES, "words", Procedure("words", lambda text: {"n": len(text)}, random=False))
    before = job()
    assert job() == before
    monkeypatch.setitem(PROCEDURES["words"].__dict__, "code", "0123456789abcdef")
    assert job() != before
