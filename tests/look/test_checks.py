"""Each check fires on a planted fault, stays silent on clean data, and says where it cannot say anything."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import heldout as ho
from heldout.data.dataset import Dataset, Skipped
from heldout.errors import SettingError
from heldout.look import CHECKS, look
from heldout.look.check import Reason
from heldout.look.survey import State
from heldout.settings import settings_of
from house_words import house_words

RATE = 4000


def random():
    return np.random.default_rng(7)


def table(n=120, **columns):
    """A table of three columns of which one predicts the class somewhat, with further columns."""
    rng = random()
    frame = pd.DataFrame(rng.standard_normal((n, 3)), columns=["a", "b", "c"])
    label = np.where(frame["a"] + rng.standard_normal(n) > 0, "up", "down")
    return ho.load(frame.assign(**columns, label=label), target="label")


def labelled(x, kind, y=None, **fields):
    """A dataset of arrays, of two classes in turn unless given."""
    y = np.arange(len(x)) % 2 if y is None else np.asarray(y)
    ids = fields.pop("ids", np.array([f"{i}.png" for i in range(len(x))]))
    classes = fields.pop("classes", tuple(f"class {c}" for c in range(int(y.max()) + 1)))
    return Dataset("toy", kind, x, y, classes, ids, **fields)


def images(n=60, **fields):
    """Noise."""
    return labelled(random().integers(0, 256, (n, 12, 12, 3), dtype=np.uint8), "images", **fields)


def with_pixels(change, n=60):
    data = images(n)
    x = data.x.copy()
    change(x, data.y)
    return replace(data, x=x)


def sounds(change=lambda x, y: x, n=40):
    """Noise of one loudness, changed."""
    y = np.arange(n) % 2
    x = 0.2 * np.clip(random().standard_normal((n, RATE)), -2, 2)
    x = np.rint(32767 * np.clip(change(x, y), -1, 1)).astype(np.int16)[..., None]
    return labelled(x, "sounds", y, input={"kind": "sounds", "rate": RATE, "length": RATE, "channels": 1})


def louder_in_one_class(x, y):
    return x * np.where(y, 1.5, 0.5)[:, None]


def equally_loud(x, y):
    """Every sound the same, so that all are one group."""
    return np.repeat(x[:1], len(x), axis=0)


def some(n, change):
    """Change the first n sounds."""

    def changed(x, y):
        x[:n] = change(x[:n])
        return x

    return changed


def half_silent(x):
    x = x.copy()
    x[:, RATE // 3 :] = 0
    return x


def copied(n=10, flipped=0, **columns):
    """A table in which rows are repeated, some with another label; copies between 0 and 119, and 120 onwards."""
    data = table(**columns)
    rows = np.concatenate([np.arange(len(data)), np.arange(n)])
    y = data.y[rows]
    y[len(data) : len(data) + flipped] = 1 - y[len(data) : len(data) + flipped]
    return replace(data.take(rows), y=y)


def with_test_part(data):
    return replace(data, official_test=np.arange(len(data)) >= 110)


def coins(n=300):
    rng = random()
    frame = pd.DataFrame(rng.integers(2, size=(n, 5)), columns=list("abcde"))
    return ho.load(frame.assign(label=rng.choice(["x", "y"], n)), target="label")


def grouped(n_groups, n=120):
    """Rows of one class each in groups whose rows lie close together, far from other groups."""
    rng = random()
    groups = np.arange(n) * n_groups // n
    frame = pd.DataFrame(rng.standard_normal((n_groups, 4))[groups] + 0.2 * rng.standard_normal((n, 4)))
    frame.columns = list("abcd")
    label = np.where(rng.permutation(n_groups) % 2, "up", "down")[groups]
    return ho.load(frame.assign(label=label, source=groups.astype(str)), target="label", group="source")


def separated(flipped=0, n=200):
    """Two classes far apart, with labels that are wrong."""
    rng = random()
    y = np.arange(n) % 2
    frame = pd.DataFrame(rng.standard_normal((n, 4)) + 4 * y[:, None], columns=list("abcd"))
    y[:flipped] = 1 - y[:flipped]
    return ho.load(frame.assign(label=np.where(y, "up", "down")), target="label")


def without_signal():
    data = table()
    return replace(data, y=random().permutation(data.y))


def named(pattern):
    names = np.array([pattern.format(i // 5, i % 5) for i in range(60)])
    return images(y=np.arange(60) // 30, ids=names)


def photos(tmp_path, kind_of_class):
    """Noise in files, all alike or in a format for each class."""
    from PIL import Image

    rng = random()
    for label in ("a", "b"):
        folder = tmp_path / kind_of_class / label
        folder.mkdir(parents=True)
        for i in range(30):
            ending = "bmp" if kind_of_class == "telling" and label == "b" else "png"
            pixels = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            pixels[: rng.integers(6)] = 0  # so that files differ in size
            Image.fromarray(pixels).save(folder / f"{i}.{ending}")
    return ho.load(tmp_path / kind_of_class)


def far(n=120, value=500.0, times=1):
    values = random().standard_normal(n)
    values[:times] = value
    return values


def blank(x, y):
    x[:4] = 128


def framed(x, y):
    x[y == 1, :2] = x[y == 1, -2:] = 250


def black_frame(x, y):
    x[:, :2] = x[:, -2:] = x[:, :, :2] = x[:, :, -2:] = 0


@dataclass(frozen=True)
class Case:
    """Data with a fault, without one, and data of which the check can say nothing, and why (of some checks)."""

    faulty: object
    clean: object
    cannot: object = None
    why: Reason | None = None


CASES = {
    "imbalance": Case(
        lambda: replace(table(), y=(np.arange(120) >= 110).astype(int)),
        lambda: replace(table(), y=np.arange(120) % 2),
    ),
    "rare-class": Case(lambda: replace(table(), y=(np.arange(120) >= 115).astype(int)), table),
    "few-groups": Case(lambda: grouped(6), lambda: grouped(40), table, Reason.NO_GROUPS),
    "alike-classes": Case(lambda: replace(table(), classes=("Up", "up ")), table),
    "unusable-file": Case(lambda: images(skipped=(Skipped("x.png", "empty file"),)), images, table, Reason.NO_FILES),
    "repeats-by-chance": Case(coins, copied, table, Reason.NO_COPIES),
    "copies-between-classes": Case(lambda: copied(flipped=5), copied, table, Reason.NO_COPIES),
    "copies-across-split": Case(
        lambda: with_test_part(copied()),
        lambda: replace(with_test_part(copied()), official_test=np.arange(130) % 120 >= 60),
        copied,
        Reason.NO_TEST_PART,
    ),
    "copies": Case(copied, table, coins, Reason.NO_COPIES),
    "groups-in-names": Case(
        lambda: named("p{:02d}_{}.png"),
        images,
        lambda: replace(named("p{:02d}_{}.png"), groups=np.arange(60) // 5),
        Reason.GROUPS_DECLARED,
    ),
    "leaking-column": Case(lambda: table(code=table().y * 1.0 + 0.01 * random().random(120)), table),
    "constant-column": Case(lambda: table(site="north"), table),
    "id-column": Case(lambda: table(number=random().permutation(np.arange(120) * 2)), table),
    "duplicate-column": Case(
        lambda: table(inches=table().x["b"] * 2.54),
        table,
        lambda: replace(table(), x=table().x[["a"]]),
        Reason.TOO_FEW,
    ),
    "missing-values": Case(
        lambda: table(gaps=np.where(random().random(120) < 0.6, np.nan, random().random(120))), table
    ),
    "code-for-missing": Case(lambda: table(age=far(value=-999.0, times=5)), table),
    "far-out-values": Case(lambda: table(dose=far()), table, lambda: table(n=12), Reason.TOO_FEW),
    "outliers": Case(
        lambda: table(tail=far(value=6.0, times=3)),
        lambda: replace(table(), x=pd.DataFrame({"a": np.linspace(0, 1, 120)})),
        lambda: replace(table(), x=pd.DataFrame({"a": random().choice(["x", "y"], 120)})),
        Reason.TOO_FEW,
    ),
    "blank-image": Case(lambda: with_pixels(blank), images),
    "background-cue": Case(
        lambda: with_pixels(framed), images, lambda: with_pixels(black_frame), Reason.NOTHING_VARIES
    ),
    "silent-sound": Case(lambda: sounds(some(3, lambda x: 0 * x)), sounds),
    "clipped-sound": Case(lambda: sounds(some(3, lambda x: 20 * x)), sounds),
    "offset-sound": Case(lambda: sounds(some(3, lambda x: x + 0.2)), sounds),
    "padded-sound": Case(lambda: sounds(some(3, half_silent)), sounds),
    "level-cue": Case(lambda: sounds(louder_in_one_class), sounds, lambda: sounds(equally_loud), Reason.TOO_FEW),
    "file-cue": Case("telling", "alike", images, Reason.NO_FILES),
    "suspicious-label": Case(lambda: separated(flipped=6), separated, without_signal, Reason.WEAK_MODELS),
    "memory-pays": Case(lambda: grouped(24), lambda: grouped(118), table, Reason.NO_GROUPS),
}
KINDS = {"table": table, "images": images, "sounds": sounds}


@pytest.fixture
def made(tmp_path):
    """Data of a case; of a name, photographs in files."""
    return lambda case: photos(tmp_path, case) if isinstance(case, str) else case()


def ran(data, name):
    """What became of one check, run alone."""
    seen = look(data, only=[name], seed=1)
    [found] = [each for each in seen.checks if each.id == name]
    assert {each.state for each in seen.checks if each.id != name} == {State.IGNORED}
    return found


def test_every_check_has_a_case():
    assert set(CASES) == {check.id for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_planted_fault_is_found(check, made):
    found = ran(made(CASES[check.id].faulty), check.id)
    assert found.state is State.FOUND
    for finding in found.findings:
        assert finding.id == check.id
        assert finding.severity in check.severities
        assert finding.title
        assert finding.explanation
        assert finding.remedy


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_clean_data_are_left_alone(check, made):
    assert ran(made(CASES[check.id].clean), check.id).state is State.SILENT


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.cannot])
def test_a_check_says_where_it_cannot_say_anything(name, made):
    found = ran(made(CASES[name].cannot), name)
    assert found.state is State.NOT_APPLICABLE
    assert found.not_applicable.reason is CASES[name].why
    assert found.not_applicable.text


@pytest.mark.parametrize("check", [check for check in CHECKS if check.kinds], ids=lambda check: check.id)
def test_a_check_of_one_kind_of_data_does_not_apply_to_another(check):
    other = next(data for kind, data in KINDS.items() if kind not in check.kinds)
    found = ran(other(), check.id)
    assert (found.state, found.not_applicable.reason) == (State.NOT_APPLICABLE, Reason.OTHER_KIND)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_says_what_it_is(check):
    words = check.as_json()
    assert all(words[key] for key in ("title", "description", "meaning", "remedy", "severities"))
    texts = [check.title, words["description"], check.meaning, check.remedy, *(one.help for one in settings_of(check))]
    assert [hit for text in texts for hit in house_words(text)] == []
    assert all(one.help.endswith(".") for one in settings_of(check))


def test_ids_are_different_and_name_their_files():
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert [type(check).__module__.rpartition(".")[2] for check in CHECKS] == [name.replace("-", "_") for name in ids]


def test_ignored_checks_are_left_out_and_named():
    seen = look(coins(), ignore=["repeats-by-chance", "imbalance"])
    states = {each["id"]: each["state"] for each in seen.as_json()["checks"]}
    assert list(states) == [check.id for check in CHECKS]
    assert {name for name, state in states.items() if state == "ignored"} == {"repeats-by-chance", "imbalance"}
    assert "repeats-by-chance" not in {each.id for each in seen.findings}


@pytest.mark.parametrize("option", ["only", "ignore"])
def test_an_unknown_check_is_refused_with_the_nearest(option):
    with pytest.raises(SettingError, match=r"Unknown check 'outlier'") as caught:
        look(table(), **{option: ["outlier"]})
    assert "did you mean 'outliers'?" in caught.value.fix


def test_the_level_hides_what_is_less_bad():
    data = copied(n=10, flipped=1, gaps=np.where(np.arange(120) % 9, 1.0 * np.arange(120), np.nan))
    names = ["copies", "missing-values", "copies-between-classes"]
    severities = {
        level: [each.severity.value for each in look(data, only=names, level=level).findings]
        for level in ("note", "warning", "error")
    }
    assert severities == {"note": ["warning", "warning", "note"], "warning": ["warning", "warning"], "error": []}
    assert len(look(data, only=names, level="error").all_findings) == 3
    with pytest.raises(SettingError, match=r"Unknown level 'bad'"):
        look(data, level="bad")
