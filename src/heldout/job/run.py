"""The Python face of the main job: `train` gives a `Run`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heldout.data.dataset import Dataset
from heldout.errors import SettingError
from heldout.run.folder import RunFolder
from heldout.run.metrics import read_metrics
from heldout.run.settings import TrainSettings, settings_from
from heldout.settings import settings_of

if TYPE_CHECKING:
    import pandas as pd

    from heldout.split.sealed import SealedTest
    from heldout.use.predict import Predictions


class Run:
    """A run folder: its scores, its model, and its seal.

    Attributes
    ----------
    path : pathlib.Path
        The folder.
    """

    def __init__(self, path: str | os.PathLike[str], *, sealed: SealedTest | None = None) -> None:
        self._folder = RunFolder(path).require_run()
        self._sealed = sealed

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, chosen={self.chosen!r})"

    @property
    def path(self) -> Path:
        """The run folder."""
        return self._folder.path

    @property
    def metrics(self) -> dict[str, Any]:
        """``metrics.json`` as a dict; "test" is there only after `assess`."""
        return read_metrics(self._folder).as_dict()

    @property
    def chosen(self) -> str:
        """Name of the chosen model."""
        return read_metrics(self._folder).chosen.model

    def leaderboard(self) -> pd.DataFrame:
        """Every model with its cross-validated scores ± standard errors, best first."""
        import pandas as pd

        return pd.read_csv(self.path / "leaderboard.csv")

    def report(self) -> Path:
        """Path of the HTML report."""
        return self._folder.report

    def assess(self, *, again: bool = False) -> dict[str, Any]:
        """Open the seal: metrics of the chosen model on the test rows, recorded in the ledger.

        Raises
        ------
        DataError
            If the data have changed since.
        """
        from heldout.use.assess import assess

        test = assess(self._folder, again=again, sealed=self._sealed).test
        assert test is not None, "an assessed run has scores of its test rows"
        return test.as_dict()

    def predict(self, inputs: Sequence[str | os.PathLike[str]] | pd.DataFrame) -> Predictions:
        """Label and probabilities for image files, table files, or the rows of a DataFrame."""
        from heldout.use.predict import predict

        return predict(self._folder.model, inputs)


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder that an earlier `train` wrote."""
    return Run(path)


def train(
    data: str | os.PathLike[str] | Dataset | pd.DataFrame,
    *,
    out: str | os.PathLike[str] | None = None,
    assess: bool = False,
    resume: bool = False,
    listen: Callable[[dict[str, Any]], None] | None = None,
    **settings: Any,
) -> Run:
    """Split, seal, cross-validate the candidates, choose, refit and report.

    Parameters
    ----------
    data : path, name of a dataset, Dataset, or DataFrame (with ``target``)
    out : path, optional
        The run folder; by default ``runs/<data>``.
    assess : bool, default=False
        Open the seal at the end.
    resume : bool, default=False
        Go on with a run that was stopped.
    listen : callable, optional
        Told of every event (a dict) as it happens.
    **settings
        Fields of `heldout.run.settings.TrainSettings` (`docs/settings.md`): ``target``, ``group``, ``seed``, ``time``
        (``"10m"``), ``models``, ``folds``, ``repeats``, ``test_share``, ... An unknown one is refused with the nearest.

    Returns
    -------
    Run
    """
    from heldout.job.main import train as run_job

    given, values = _given(data, settings)
    outcome = run_job(
        settings_from(values),
        data=given,
        out=None if out is None else os.fspath(out),
        assess=assess,
        resume=resume,
        listen=lambda event: None if listen is None else listen(event.as_dict()),
    )
    return Run(outcome.folder.path, sealed=outcome.sealed)


def _keywords(function: Callable[..., Run]) -> inspect.Signature:
    """The signature of `train` with each setting by its name, as `help` and editors show it."""
    own = inspect.signature(function)
    before = [one for one in own.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    settings = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default)
        for one in settings_of(TrainSettings)
        if one.name != "data"
    ]
    return own.replace(parameters=[*before, *settings])


train.__signature__ = _keywords(train)  # type: ignore[attr-defined]


def _given(data: Any, settings: dict[str, Any]) -> tuple[Dataset | None, dict[str, Any]]:
    """Take apart what `train` was given: a dataset at hand, and the settings that would load it again."""
    if isinstance(data, str | os.PathLike):
        return None, {**settings, "data": os.fspath(data)}
    if not isinstance(data, Dataset):
        from heldout.kinds.loading import load

        columns = settings_from({**settings, "data": "table"}).columns()
        data = load(data, target=settings.get("target"), group=settings.get("group"), **columns)
    elif settings.get("target") or settings.get("group"):
        raise SettingError(
            "a Dataset has its target and groups already", where="train", fix="give them to `load` instead"
        )
    origin = {key: data.origin.get(key) for key in ("target", "group") if data.origin.get(key)}
    return data, {**settings, **origin, "data": str(data.origin.get("data") or data.name)}
