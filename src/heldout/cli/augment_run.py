"""Which rows of DATA an earlier run trained on, validated with, or sealed."""

from __future__ import annotations

from typing import Any

import numpy as np

from heldout.errors import DataError, SettingError


def rows_of_run(
    run: str, source: str, part: str, fold: int | None, given: dict[str, Any], progress: Any
) -> tuple[Any, np.ndarray, int]:
    """Load DATA as the run did, and find the rows of one of its parts by their content.

    Returns
    -------
    data : Dataset
        All of it.
    rows : int64 array
        Positions of the part's rows.
    seed : int
        The run's.

    Raises
    ------
    DataError
        If the rows of the run are not in DATA.
    SettingError
        If the part needs a fold that is not named or not there.
    """
    from heldout.kinds.loading import load
    from heldout.kinds.registry import kind_of
    from heldout.run.folder import MARK, RunFolder
    from heldout.run.identity import find_rows, short
    from heldout.run.settings import read_config, settings_from

    folder = RunFolder(run).require_run()
    settings = settings_from(read_config(folder.path / MARK), where=str(folder.path / MARK))
    used: dict[str, Any] = {
        key: getattr(settings, key, None) if value is None else value for key, value in given.items()
    }
    data = load(source, progress=progress, **used, **settings.columns())
    split = folder.read_json("split.json")
    digests = short(kind_of(data).content_digests(data))
    sealed = find_rows(digests, split["test_content"])
    if len(sealed) < len(split["test"]):
        raise _other_data(run, source, len(split["test"]) - len(sealed), "sealed")
    if part == "sealed":
        return data, sealed, settings.seed
    others = np.setdiff1d(np.arange(len(data)), sealed)
    train = others[find_rows(digests[others], split["train_content"])]
    if len(train) < len(split["train"]):
        raise _other_data(run, source, len(split["train"]) - len(train), "training")
    if fold is None:
        if part == "validation":
            raise SettingError("validation rows belong to a fold", where="--part", fix="name it: --fold 1")
        return data, np.sort(train), settings.seed
    is_validation = np.isin(np.asarray(data.ids)[train].astype(str), _validation_ids(folder, fold))
    if not is_validation.any():
        raise DataError("DATA does not contain the rows of this fold", where=run, fix="give the data of the run")
    return data, np.sort(train[is_validation == (part == "validation")]), settings.seed


def _validation_ids(folder: Any, fold: int) -> list[str]:
    folds = [found for found in folder.read_json("folds.json")["folds"] if found["repeat"] == 0]
    wanted = [found["validation"] for found in folds if found["fold"] == fold - 1]
    if not wanted:
        raise SettingError(
            f"the run has only {len(folds)} folds", where="--fold", fix=f"choose one from 1 to {len(folds)}"
        )
    ids: list[str] = wanted[0]
    return ids


def _other_data(run: str, source: str, n: int, which: str) -> DataError:
    return DataError(
        f"these data lack {n:,} of the {which} rows of {run}",
        where=source,
        fix="give the data that the run was trained on, unchanged",
    )
