"""The settings of the main job, declared once: options, config files and the record of a run come from here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from heldout.errors import SettingError
from heldout.prepare.language import parse_prepare
from heldout.split.words import parse_folds, parse_split


def setting(default: Any, text: str, **more: Any) -> Any:
    """Declare a field with its one-line description; ``least`` and ``most`` bound numbers."""
    return field(default=default, metadata={"text": text, **more})


@dataclass(frozen=True)
class TrainSettings:
    """Everything that decides what `heldout train` does."""

    data: str = setting("", "file, folder or name of a dataset")
    target: str | None = setting(None, "column with the labels (tables)")
    group: str | None = setting(None, "column that names the source of each row; a source never crosses a split")
    group_pattern: str | None = setting(
        None, "regular expression whose one capturing group names the source of a file in its path"
    )
    seed: int = setting(0, "seed of every random choice", least=0, most=2**32 - 1)
    time: float | None = setting(None, "seconds the whole command may take", least=1.0)
    models: tuple[str, ...] = setting((), "models to try, by name; all of the leaderboard if empty")
    split: str | None = setting(
        None,
        "which rows are sealed: class, random, hash, time:COL, column:COL, published or file:PATH; by default "
        "published if the data came with a test part, else class",
        check=lambda value: _refusal(parse_split, value),
    )
    folds: int | str = setting(
        5,
        "folds of the cross-validation: a number from 2 to 100, loo-group, or published",
        check=lambda value: _refusal(parse_folds, value),
    )
    search: str = setting(
        "none",
        "search hyperparameters of the most promising models: none, light (a few points) or deep (Optuna)",
        check=lambda value: _search_refusal(value),
    )
    prepare: str | None = setting(
        None,
        "steps of preparation in place of each model's own, such as 'impute mean, standardize, pca 0.95'",
        check=lambda value: _refusal(parse_prepare, value),
    )
    repeats: int | None = setting(
        None, "repeats of the cross-validation; 3 up to 1,000 rows, else 1", least=1, most=100
    )
    test_share: float = setting(0.2, "share of the rows that is sealed as test set", least=0.01, most=0.9)
    rows: int = setting(10_000, "most rows that the leaderboard cross-validates on; the refit uses all", least=50)
    image_size: int | None = setting(None, "side in pixels that images are brought to", least=4, most=1024)
    sample_rate: int | None = setting(None, "samples a second that sounds are brought to", least=100, most=768_000)
    clip_seconds: float | None = setting(None, "length in seconds that sounds are brought to", least=0.01, most=600)
    threshold: str | None = setting(
        None,
        "how labels follow from probabilities, chosen on out-of-fold rows: mcc, tpr>=0.95, cost:fp=1,fn=5, ...",
        check=lambda value: _threshold_refusal(value),
    )
    strict: bool = setting(False, "unreadable files end the job instead of being counted")
    mirror: str | None = setting(None, "folder or URL to read named datasets from")
    learning_curve: bool | None = setting(
        None, "train the chosen model on parts of the rows, too; by default where that is quick"
    )
    look: bool = setting(True, "look at the training rows first, and tell what is wrong with them")
    jobs: int | None = setting(None, "worker processes; one per core by default", least=1, most=1024)

    def __post_init__(self) -> None:
        problems = [
            problem for spec in dataclasses.fields(self) if (problem := _problem(spec, getattr(self, spec.name)))
        ]
        if isinstance(self.folds, str) and (self.repeats or 1) > 1:
            problems.append(f"repeats is {self.repeats}, and --folds {self.folds} gives the same folds each time")
        if problems:
            raise SettingError("; ".join(problems), fix="see `heldout train --help` for the ranges")

    def columns(self) -> dict[str, Any]:
        """Columns that the split goes by, as `heldout.data.loading.load` takes them."""
        way, _, by = (self.split or "").partition(":")
        found: dict[str, Any] = {"time": by} if way == "time" else {"part": by} if way == "column" else {}
        wants_folds = self.folds == "published"
        return {**found, "fold": "fold"} if wants_folds else found

    def changed(self) -> dict[str, Any]:
        """The settings as plain values, ready for YAML or JSON."""
        values = dataclasses.asdict(self)
        return {**values, "models": list(self.models)}

    def hash(self) -> str:
        """SHA-256 over the settings that decide the result (not e.g. the time limit or the processes)."""
        values = {
            k: v for k, v in self.changed().items() if k not in ("time", "mirror", "jobs", "look", "learning_curve")
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "tuple[str, ...]": (tuple,),
    "int | str": (int, str),
}


def _refusal(parse: Callable[[Any], Any], value: Any) -> str:
    """What a parser says against a value, or nothing."""
    try:
        parse(value)
    except SettingError as error:
        first, *shown = error.what.split("\n")
        return "\n".join([f"{first} ({error.fix})", *shown])
    return ""


def _threshold_refusal(value: str) -> str:
    from heldout.evaluate.rules import parse_wish

    return _refusal(parse_wish, value)


def _search_refusal(value: str) -> str:
    words = ("none", "light", "deep")
    if value in words:
        return ""
    near = get_close_matches(value, words, 1, 0.4)
    return f"search is {value!r}, which is none of {', '.join(words)}" + (
        f"; did you mean {near[0]!r}?" if near else ""
    )


def _problem(spec: dataclasses.Field[Any], value: Any) -> str:
    """Say what is wrong with a value, or nothing."""
    kind = str(spec.type)
    if value is None and "None" in kind:
        return ""
    allowed = _KINDS[kind.removesuffix(" | None")]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        return f"{spec.name} is {value!r}, which is not {_article(kind.removesuffix(' | None'))}"
    least, most = spec.metadata.get("least"), spec.metadata.get("most")
    if (least is not None and not value >= least) or (most is not None and not value <= most):
        return f"{spec.name} is {value}, outside {least} to {most if most is not None else '...'}"
    check: Callable[[Any], str] | None = spec.metadata.get("check")
    return check(value) if check else ""


def _article(kind: str) -> str:
    return {
        "str": "text",
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "tuple[str, ...]": "a list of names",
        "int | str": "a whole number or a word",
    }[kind]


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


def settings_from(values: Mapping[str, Any], *, where: str = "") -> TrainSettings:
    """Build settings from plain values; unknown keys are refused with the nearest valid name.

    Raises
    ------
    SettingError
        For unknown keys, wrong types and values out of range; all problems at once.
    """
    names = [spec.name for spec in dataclasses.fields(TrainSettings)]
    for key in values:
        if key not in names:
            near = get_close_matches(str(key), names, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else "known settings: " + ", ".join(names)
            raise SettingError(f"there is no setting {key!r}", where=where, fix=hint)
    plain = dict(values)
    if isinstance(plain.get("data"), str) and Path(plain["data"]).exists():
        plain["data"] = str(Path(plain["data"]).resolve())  # found again from anywhere
    if plain.get("time") is not None:
        plain["time"] = seconds(plain["time"])
    if isinstance(plain.get("folds"), str) and plain["folds"].strip().isdigit():
        plain["folds"] = int(plain["folds"])
    if isinstance(plain.get("models"), str):
        plain["models"] = [name.strip() for name in plain["models"].split(",") if name.strip()]
    if isinstance(plain.get("models"), list):
        plain["models"] = tuple(str(name) for name in plain["models"])
    return TrainSettings(**plain)


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
        raise SettingError(f"cannot read this config: {error}", where=str(path), fix="check the path") from error
    if size > 2**20:
        raise SettingError(f"this config has {size} bytes", where=str(path), fix="a config is a few lines of YAML")
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
        raise SettingError(f"this is not YAML: {error}", where=str(path), fix="one `name: value` a line") from error
    if not isinstance(values, dict):
        raise SettingError("this config is no list of `name: value` lines", where=str(path), fix="one setting a line")
    return values


def config_schema() -> dict[str, Any]:
    """JSON schema of a config file, derived from the settings themselves."""
    types = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
    properties: dict[str, Any] = {}
    for spec in dataclasses.fields(TrainSettings):
        kind = str(spec.type).removesuffix(" | None")
        entry: dict[str, Any] = {"description": spec.metadata["text"]}
        if kind == "tuple[str, ...]":
            entry |= {"type": "array", "items": {"type": "string"}, "default": []}
        else:
            allowed = ["number", "string"] if spec.name == "time" else [types[part] for part in kind.split(" | ")]
            entry |= {
                "type": allowed + (["null"] if "None" in str(spec.type) else []),
                "default": spec.default,
            }
        bounds = {"least": "minimum", "most": "maximum"}
        entry |= {bounds[key]: value for key, value in spec.metadata.items() if key in bounds}
        properties[spec.name] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "heldout train",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
