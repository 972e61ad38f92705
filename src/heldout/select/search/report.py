"""What a search leaves in the run folder: `searches.csv`, pictures, and a part of `metrics.json`."""

from __future__ import annotations

import itertools
from typing import Any

from heldout.evaluate.standard_errors import mean_and_se
from heldout.files import write_text
from heldout.run.folder import RunFolder
from heldout.run.metrics import SearchedRecord, SearchRecord
from heldout.select.choice import Choice
from heldout.select.search.candidates import N_INNER, CandidateSearch, Searched
from heldout.select.search.figures import plot_search
from heldout.use.searches import picture_file

MOST_PICTURES = 6
"""Of each search in the report; all are in the run folder."""


def write_searches(folder: RunFolder, search: CandidateSearch) -> None:
    """Write every point of every search, and a picture for each hyperparameter and each pair of the search on all."""
    done = [searched for searched in search.searched if searched.chosen]
    if not done:
        return
    folder.write_csv("searches.csv", *search_rows(done))
    pictures = folder.path / "searches"
    pictures.mkdir(exist_ok=True)
    for searched in done:
        study, chosen = searched.studies[0], searched.chosen[0]
        groups = [(name,) for name in searched.space]
        for names in [*groups, *itertools.combinations(searched.space, 2)]:
            picture = plot_search(study.points, searched.space, names, chosen=chosen)
            write_text(pictures / picture_file(searched.base, names), picture)


def search_rows(done: list[Searched]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of ``searches.csv``: a row for each model, search and point.

    `inner_mcc` is what the search maximised; the score of a searched model is in ``scores.csv``.
    """
    names = list(dict.fromkeys(name for searched in done for name in searched.space))
    header = [
        "model",
        "search",
        "point",
        "chosen",
        *names,
        "inner_mcc",
        "inner_se",
        "inner_folds",
        "fit_seconds",
        "note",
    ]
    rows: list[list[Any]] = []
    for searched in done:
        for study, chosen in zip(searched.studies, searched.chosen, strict=True):
            n_train, n_validation = (sum(len(part[side]) for part in study.inner) / len(study.inner) for side in (0, 1))
            for point in study.points:
                failed = point.mean != point.mean
                mean, se = (None, None) if failed else mean_and_se(point.scores, n_train, n_validation)
                values = [point.setting.get(name) for name in names]
                rest = [mean, se, len(point.scores), point.seconds, point.note]
                rows.append(
                    [searched.candidate.name, study.name, point.number, int(point.number == chosen), *values, *rest]
                )
    return header, rows


def search_record(search: CandidateSearch, choice: Choice) -> SearchRecord:
    """The part of ``metrics.json`` that says what was searched."""
    models = tuple(
        SearchedRecord(
            model=searched.candidate.name,
            base=searched.base,
            status=searched.result.status,
            setting=searched.result.setting,
            points=len(searched.studies[0].points) if searched.studies else 0,
            inside_folds=tuple(
                dict(study.points[number].setting)
                for study, number in zip(searched.studies[1:], searched.chosen[1:], strict=False)
            ),
        )
        for searched in search.searched
    )
    return SearchRecord(
        level=search.name,
        how=search.level.how,
        inner_folds=N_INNER,
        models=models,
        chosen_setting=choice.result.setting,
    )
