"""The settings of the main job: options, config files, their docs and the record of a run come from here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heldout.data.settings import LoadSettings
from heldout.errors import SettingError
from heldout.run.folder import MARK, RunFolder
from heldout.settings import Range, check, from_values, json_schema, names, setting, settings_of
from heldout.split.words import parse_folds, parse_split


def seconds(text: str | float | int) -> float:
    """Read a duration: ``90``, ``90s``, ``10m``, ``1h30m``.

    Raises
    ------
    SettingError
        If it is none of these.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    plain = str(text).strip().lower()
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", plain)
    if not plain or not match or not any(match.groups()):
        raise SettingError(f"{text!r} is not a duration", where="--time", fix="write it as 90s, 10m or 1h30m")
    hours, minutes, rest = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + rest


def _split(text: str) -> str:
    parse_split(text)
    return text


def _prepare(text: str) -> str:
    from heldout.prepare.language import parse_prepare

    parse_prepare(text)
    return text


def _threshold(text: str) -> str:
    from heldout.evaluate.rules import parse_rule

    parse_rule(text)
    return text


FIRST = frozenset(
    (
        *("data", "target", "group", "group_pattern", "seed", "models", "split", "folds", "search", "prepare"),
        *("repeats", "test_share", "rows", "image_size", "sample_rate", "clip_seconds", "threshold", "strict"),
    )
)
"""The settings of 0.1.0 that decide a result."""


@dataclass(frozen=True)
class TrainSettings(LoadSettings):
    """Everything that decides what `heldout train` does."""

    seed: int = setting(0, "Seed of every random choice.", within=Range(0, 2**32 - 1), metavar="N")
    time: float | None = setting(
        None,
        "Time limit of the whole command: 90s, 10m, 1h30m.",
        within=Range(1.0),
        metavar="TIME",
        unset="none",
        read=seconds,
        decides=False,
    )
    models: tuple[str, ...] = setting((), "Models to try, by name.", metavar="A,B", unset="all", read=names)
    split: str | None = setting(
        None,
        "How to choose the test rows: class, random, hash, time:COL, column:COL, published or file:PATH.",
        metavar="HOW",
        unset="published if the data have a test part, else class",
        read=_split,
    )
    folds: int | str = setting(
        5,
        "Folds of the cross-validation: a number from 2 to 100, loo-group or published.",
        metavar="N|WORD",
        read=parse_folds,
    )
    repeats: int | None = setting(
        None,
        "Repeats of the cross-validation.",
        within=Range(1, 100),
        metavar="N",
        unset="3 up to 1,000 rows, else 1",
    )
    search: str = setting(
        "none",
        "Search the hyperparameters of the most promising models: light (a few points) or deep (Optuna).",
        choices=("none", "light", "deep"),
    )
    prepare: str | None = setting(
        None,
        "Preparation in place of each model's own, such as 'impute mean, standardize, pca 0.95'.",
        metavar="STEPS",
        read=_prepare,
    )
    threshold: str | None = setting(
        None,
        "Decision rule from probabilities to labels, chosen on out-of-fold rows: mcc, tpr>=0.95 (also tnr, ppv, npv) "
        "or cost:fp=1,fn=5.",
        metavar="RULE",
        unset="the most probable class",
        read=_threshold,
    )
    test_share: float = setting(0.2, "Share of the rows that is sealed.", within=Range(0.01, 0.9), metavar="SHARE")
    rows: int = setting(
        10_000, "Maximum rows for cross-validation; the chosen model is fitted on all.", within=Range(50), metavar="N"
    )
    learning_curve: bool | None = setting(
        None, "Also train the chosen model on parts of the rows.", unset="where that is quick", decides=False
    )
    look: bool = setting(True, "Look for problems in the training rows first.", decides=False)
    jobs: int | None = setting(
        None,
        "Worker processes.",
        within=Range(1, 1024),
        metavar="N",
        flags="-j",
        unset="one per core",
        decides=False,
    )

    def __post_init__(self) -> None:
        repeated = isinstance(self.folds, str) and isinstance(self.repeats, int) and self.repeats > 1
        same = f"repeats is {self.repeats}, but --folds {self.folds} gives the same folds each time"
        check(self, same if repeated else "", fix="see `heldout train --help` for the ranges")

    def columns(self) -> dict[str, Any]:
        """Columns that the split goes by, as `heldout.kinds.loading.load` takes them."""
        way, _, by = (self.split or "").partition(":")
        found: dict[str, Any] = {"time": by} if way == "time" else {"part": by} if way == "column" else {}
        wants_folds = self.folds == "published"
        return {**found, "fold": "fold"} if wants_folds else found

    def changed(self) -> dict[str, Any]:
        """The settings as plain values, ready for YAML or JSON."""
        values = dataclasses.asdict(self)
        return {**values, "models": list(self.models)}

    def hash(self) -> str:
        """SHA-256 over the settings that decide the result (not e.g. the time limit or the processes).

        One that came after 0.1.0 counts only if it is not at its default, so that the hash of an older run stays.
        """
        values = self.changed()
        decisive = {
            one.name: values[one.name]
            for one in settings_of(self)
            if one.decides and (one.name in FIRST or getattr(self, one.name) != one.default)
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def settings_from(values: Mapping[str, Any], *, where: str = "") -> TrainSettings:
    """Build settings from plain values; unknown keys are refused with the nearest valid name.

    Raises
    ------
    SettingError
        For unknown keys, wrong types and values out of range; all problems at once.
    """
    plain = dict(values)
    if isinstance(plain.get("data"), str) and Path(plain["data"]).exists():
        plain["data"] = str(Path(plain["data"]).resolve())  # found again from anywhere
    return from_values(TrainSettings, plain, where=where)


def read_config(path: Path) -> dict[str, Any]:
    """Read settings from a YAML file (safe loader, no aliases, at most 1 MB).

    Raises
    ------
    SettingError
        If the file is missing, too large, not YAML, or not a mapping.
    """
    import yaml

    try:
        size = path.stat().st_size
        text = path.read_text("utf-8") if size <= 2**20 else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"cannot read the config: {error}", where=str(path), fix="check the path") from error
    if size > 2**20:
        raise SettingError(
            f"a config of {size:,} bytes is too large", where=str(path), fix="a config is a few lines of YAML"
        )
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.AliasToken):
                raise SettingError(
                    "aliases are not allowed",
                    where=f"{path}, line {token.start_mark.line + 1}",
                    fix="write it out",
                )
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingError(
            f"not valid YAML: {error}", where=str(path), fix="write one `name: value` per line"
        ) from error
    if not isinstance(values, dict):
        raise SettingError("a config holds `name: value` lines", where=str(path), fix="write one setting per line")
    return _in_words_of_today(values)


def _in_words_of_today(values: dict[str, Any]) -> dict[str, Any]:
    """The same settings, should an earlier version have written them."""
    if not isinstance(values.get("prepare"), str):
        return values
    from heldout.prepare.language import LANGUAGE

    return {**values, "prepare": LANGUAGE.upgraded(values["prepare"])}


def settings_of_run(folder: RunFolder) -> TrainSettings:
    """The settings that a run was trained with.

    Raises
    ------
    SettingError
        If its ``config.yaml`` is damaged.
    """
    path = folder.path / MARK
    return settings_from(read_config(path), where=str(path))


def config_schema() -> dict[str, Any]:
    """JSON schema of a config file, derived from the settings themselves."""
    return json_schema(TrainSettings, "heldout train")
