"""The report of a real run: what it says follows from the run's files."""

from __future__ import annotations

import re
from html import unescape

import pytest

import heldout as ho


@pytest.fixture(scope="module")
def page_and_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ho.Run]:
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELDOUT_LEDGER", str(folder / "ledger.sqlite"))
        run = ho.train(
            "breast-cancer", models=("dummy", "nearest-centroid", "tree"), folds=3, repeats=1, out=folder / "run",
            threshold="tpr>=0.95", assess=True,
        )  # fmt: skip
        return run.report().read_text(encoding="utf-8"), run


def test_the_hashes_of_the_page_are_those_of_the_run(page_and_run: tuple[str, ho.Run]) -> None:
    page, run = page_and_run
    values = run.metrics
    for text in (values["data"]["fingerprint"], values["data"]["test_fingerprint"], values["chosen"]["bundle"]):
        assert text in page
    assert f"heldout predict {run.path} INPUT" in page


def test_the_chosen_model_is_compared_with_each_other_one(page_and_run: tuple[str, ho.Run]) -> None:
    page, run = page_and_run
    table = re.search(r'<section id="rivals">.*?</section>', page, re.S)[0]
    others = [candidate["title"] for candidate in run.metrics["candidates"] if candidate["model"] != run.chosen]
    assert re.findall(r'<th scope="row">(.*?)</th>', table) == others
    assert "Holm" in unescape(table)
    assert "for 2 comparisons" in table


def test_the_table_in_use_is_the_confusion_matrix_of_the_chosen_threshold(page_and_run: tuple[str, ho.Run]) -> None:
    page, run = page_and_run
    values = run.metrics
    boards = re.findall(r'<div class="board">.*?</div>', page, re.S)
    assert len(boards) == 2
    for board, found in zip(boards, (values["cross_validation"]["out_of_fold"], values["test"]), strict=True):
        cells = dict(re.findall(r'data-cell="(\w+)">([\d,]+)<', board))
        assert {key: int(text) for key, text in cells.items()} == {key: found[key] for key in ("tp", "fn", "fp", "tn")}
    assert f"in use is {values['decision']['rule']['threshold']:.4g}, chosen for" in unescape(page)


def test_rows_behind_the_cells_are_sealed_rows_with_that_answer(page_and_run: tuple[str, ho.Run]) -> None:
    import pandas as pd

    page, run = page_and_run
    answers = pd.read_csv(run.path / "predictions.csv", dtype={"id": str}).set_index("id")
    panels = re.findall(r'id="cell-(\d)-(\d)">(.*?)</table>', page, re.S)
    assert panels
    names = run.metrics["data"]["classes"]
    for truth, said, text in panels:
        for row in re.findall(r'<th scope="row" class="id">(.*?)</th>', text):
            assert tuple(answers.loc[row, ["label", "prediction"]]) == (names[int(truth)], names[int(said)])


def test_findings_that_were_kept_with_the_run_are_told(page_and_run: tuple[str, ho.Run]) -> None:
    from heldout.report.samples import Samples
    from heldout.run.folder import RunFolder
    from heldout.run.metrics import read_metrics
    from heldout.use.reporting import write_report

    _, run = page_and_run
    folder = RunFolder(run.path)
    found = {"id": "x", "severity": "warning", "title": "<b>odd</b>", "explanation": "e", "remedy": "r", "items": ["c"]}
    folder.write_json("look.json", {"rows": 455, "findings": [found], "sampled": ["a part only"]})
    write_report(folder, read_metrics(folder), Samples())
    page = folder.report.read_text(encoding="utf-8")
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "At the 455 training rows only. A part only." in page
