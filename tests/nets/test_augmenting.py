"""What a line of augmentation does to training rows: repeatable, per replicate, and to training rows only."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heldout.augment.training import LANGUAGE, parse_augment
from heldout.errors import SettingError
from heldout.lines import REQUIRED
from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.augmenting import Augmenter
from heldout.nets.fit.losses import row_losses
from heldout.nets.fit.streams import augment_keys, uniforms

CPU = torch.device("cpu")
LINES = {
    "flip, flip vertical p 0.2, shift 0.2, shift 2px, shift 1px reflect p 0.5, rotate 10, erase 0.3": (6, 5, 2),
    "brightness 0.2, contrast 0.2, noise 15, mixup 0.2, cutmix": (6, 5, 2),
    "timeshift 0.5 wrap, timeshift 0.2, stretch 0.3, pitch 2, specaugment 2 2 2, noise 20 levels, gain 6 levels": (
        8,
        9,
        1,
    ),
    "flip, shift 0.1, shift 2px, erase 0.2, timeshift 0.4, noise 20, gain 6, mixup 1 p 0.5, cutmix p 0.2": (12, 2),
    "mixup 0.4": (5,),
}


def augmenter(line, shape, **options):
    return Augmenter(line, shape, **{"is_pixels": False, "device": CPU, "dtype": torch.float64, **options})


def a_batch(seeds, n_rows, epoch=0, first=0, counts=None):
    keys = torch.from_numpy(augment_keys(np.array(seeds, np.uint64), epoch=epoch))
    labels = torch.arange(n_rows).expand(len(seeds), -1)
    counts = torch.full((len(seeds),), n_rows) if counts is None else torch.tensor(counts)
    return SimpleNamespace(augment_keys=keys, first=first, labels=labels, counts=counts, others=None, shares=None)


def rows_of(shape, n_replicates, n_rows, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n_replicates, n_rows, int(np.prod(shape)))))


@pytest.mark.parametrize("line", LINES)
def test_a_replicate_draws_the_same_alone_and_in_a_stack_and_row_by_row(line):
    shape = LINES[line]
    made = augmenter(line, shape)
    rows, batch = rows_of(shape, 3, 10), a_batch([5, 6, 7], 10)
    found = made.apply(rows.clone(), batch)
    assert found.shape == rows.shape
    assert torch.isfinite(found).all()
    assert not torch.equal(found, rows)
    alone = a_batch([6], 10)
    torch.testing.assert_close(augmenter(line, shape).apply(rows[1:2].clone(), alone)[0], found[1])
    if batch.shares is not None:
        torch.testing.assert_close(alone.shares[0], batch.shares[1])
        assert torch.equal(alone.others[0], batch.others[1])
    else:  # without a partner from the batch, a row depends on its own place only
        later = made.apply(rows[:, 4:6].clone(), a_batch([5, 6, 7], 2, first=4))
        torch.testing.assert_close(later, found[:, 4:6])


@pytest.mark.parametrize("line", LINES)
def test_another_epoch_seed_or_row_draws_anew(line):
    shape = LINES[line]
    made = augmenter(line, shape)
    same = rows_of(shape, 1, 1).expand(1, 40, -1)
    first = made.apply(same.clone(), a_batch([5], 40))
    other_epoch = made.apply(same.clone(), a_batch([5], 40, epoch=1))
    other_seed = made.apply(same.clone(), a_batch([6], 40))
    if line != "mixup 0.4":  # a row mixed with itself is itself
        assert len(torch.unique(first[0].round(decimals=9), dim=0)) > 30
        assert not torch.equal(first, other_epoch)
        assert not torch.equal(first, other_seed)


def test_the_chance_of_a_step_is_the_one_that_was_given():
    made = augmenter("flip p 0.3", (1, 2, 1))
    rows = torch.tensor([0.0, 1.0], dtype=torch.float64).expand(1, 4000, 2)
    flipped = made.apply(rows.clone(), a_batch([1], 4000))[0, :, 0].sum().item()
    assert stats.binomtest(int(flipped), 4000, 0.3).pvalue > 1e-4


def test_uniform_numbers_are_uniform_and_independent_between_draws():
    keys = torch.from_numpy(augment_keys(np.arange(3000, dtype=np.uint64), epoch=0))
    u = uniforms(keys, 4, torch.float64).numpy()
    assert u.min() >= 0
    assert u.max() < 1
    for column in u.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    assert np.abs(np.corrcoef(u.T) - np.eye(4)).max() < 0.08


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_mixup_draws_shares_of_a_beta_distribution_and_mixes_rows_with_labels(alpha):
    made, batch = augmenter(f"mixup {alpha}", (3,)), a_batch([1, 2], 2000)
    rows = rows_of((3,), 2, 2000)
    found = made.apply(rows.clone(), batch)
    larger = stats.beta(alpha, alpha)
    assert batch.shares.min() >= 0.5
    assert stats.kstest(batch.shares[0].numpy(), lambda s: 2 * larger.cdf(s) - 1).pvalue > 1e-4
    for replicate in range(2):
        partner = rows[replicate][batch.others[replicate]]  # labels number the rows
        share = batch.shares[replicate][:, None]
        torch.testing.assert_close(found[replicate], share * rows[replicate] + (1 - share) * partner)


def test_cutmix_tells_the_share_of_pixels_that_are_left():
    made, batch = augmenter("cutmix", (8, 6, 1)), a_batch([1], 200)
    rows = torch.arange(200, dtype=torch.float64)[None, :, None].expand(1, 200, 48)
    found = made.apply(rows.clone(), batch)
    own = (found == rows).double().mean(-1)
    differs = batch.others[0] != torch.arange(200)
    torch.testing.assert_close(own[0][differs], batch.shares[0][differs])
    assert 0.4 < batch.shares.min() < 0.6


def test_with_mixup_and_cutmix_a_row_undergoes_one_of_them():
    rows = torch.arange(400, dtype=torch.float64)[None, :, None].expand(1, 400, 48)
    found = augmenter("mixup, cutmix", (8, 6, 1)).apply(rows.clone(), a_batch([3], 400))[0]
    mixed = ((found != rows[0]) & (found != found.round())).any(1)
    cut = ~mixed
    assert 120 < int(mixed.sum()) < 280
    assert (found[cut] == found[cut].round()).all()


def test_partners_are_real_rows_never_filling():
    batch = a_batch([1, 2], 10, counts=[4, 1])
    augmenter("mixup", (3,)).apply(rows_of((3,), 2, 10), batch)
    assert batch.others[0].max() < 4
    assert batch.others[1].max() == 0


def test_levels_may_be_scaled():
    rows, shape = rows_of((4, 6, 1), 1, 20), (4, 6, 1)
    plain = augmenter("gain 6 levels, noise 10 levels p 1", shape).apply(rows * 100, a_batch([1], 20))
    scaled = augmenter("gain 6 levels 100, noise 10 levels 100 p 1", shape).apply(rows.clone(), a_batch([1], 20))
    torch.testing.assert_close(scaled * 100, plain)


def test_bytes_stay_within_black_and_white():
    rows = torch.rand(1, 50, 48, dtype=torch.float64)
    made = augmenter("brightness 0.9, contrast 0.9, noise 0 p 1", (4, 4, 3), is_pixels=True)
    found = made.apply(rows.clone(), a_batch([1], 50))
    assert found.min() >= 0
    assert found.max() <= 1
    free = augmenter("brightness 0.9, contrast 0.9", (4, 4, 3)).apply(rows.clone(), a_batch([1], 50))
    assert free.min() < 0


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["cross-entropy", "mse", "absolute"]), st.sampled_from([0.0, 0.1]), st.integers(0, 99))
def test_the_loss_of_a_mixed_row_is_that_of_its_soft_target(loss, smoothing, seed):
    random = np.random.default_rng(seed)
    logits, labels, others = random.standard_normal((6, 4)), random.integers(0, 4, 6), random.integers(0, 4, 6)
    shares = random.uniform(0, 1, 6)
    target = shares[:, None] * np.eye(4)[labels] + (1 - shares)[:, None] * np.eye(4)[others]
    target = (1 - smoothing) * target + smoothing / 4
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    if loss == "cross-entropy":
        wanted = -(target * log_p).sum(1)
    else:
        difference = np.exp(log_p) - target
        wanted = (difference**2 if loss == "mse" else np.abs(difference)).mean(1)
    given_tensors = [torch.from_numpy(a) for a in (logits, labels, others, shares)]
    found = row_losses(
        given_tensors[0],
        given_tensors[1],
        loss=loss,
        smoothing=smoothing,
        others=given_tensors[2],
        shares=given_tensors[3],
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def small_data(n=60):
    random = np.random.default_rng(0)
    return random.integers(0, 255, (n, 6, 5, 2)).astype(np.uint8), random.integers(0, 3, n)


def test_validation_and_training_figures_are_of_rows_as_they_are():
    """With a rate that changes nothing, scores after training equal those of the untouched rows."""
    x, y = small_data()
    line = next(iter(LINES))
    options = {"lr": 1e-12, "epochs": 1, "history": "full", "validation": (x[:20], y[:20]), "threads": 1}
    plain = NetClassifier("conv 3 3, relu, flatten", **options).fit(x, y).history_[0]
    changed = NetClassifier("conv 3 3, relu, flatten", augment=line, **options).fit(x, y).history_[0]
    for name in ("validation_loss", "validation_error", "train_loss", "train_error"):
        assert changed[name] == pytest.approx(plain[name], rel=1e-5)
    assert changed["loss"] != pytest.approx(plain["loss"], rel=1e-5)


def test_a_dense_net_learns_from_mixed_labels():
    """The gradient of a mixed batch is that of soft targets also where a net of dense layers has its own way."""
    x, y = np.eye(4, dtype=np.float32).repeat(30, 0), np.arange(4).repeat(30)
    options = {"epochs": 60, "lr": 0.05, "batch": 30, "threads": 1}
    sure = NetClassifier("", **options).fit(x, y).predict_proba(x).max(1).mean()
    mixed = NetClassifier("", augment="mixup 5", **options).fit(x, y).predict_proba(x * 0.5 + x[::-1] * 0.5)
    assert sure > 0.9
    assert np.abs(np.sort(mixed, 1)[:, -2:] - 0.5).max() < 0.1


def test_augmentation_helps_where_classes_move():
    """A bar that may stand anywhere, trained from 24 examples: shifts stand in for the missing ones."""
    random = np.random.default_rng(1)

    def bars(n):
        x, y = np.zeros((n, 12, 12, 1), np.float32), np.arange(n) % 2
        for image, label, at in zip(x, y, random.integers(1, 11, n), strict=True):
            image[at if label else slice(None), slice(None) if label else at] = 1.0
        return x + 0.3 * random.standard_normal(x.shape).astype(np.float32), y

    x, y = bars(24)
    test_x, test_y = bars(300)
    options = {"epochs": 30, "batch": 8, "threads": 1, "seed": 1}
    plain = NetClassifier("flatten, dense 32, relu", **options).fit(x, y)
    moved = NetClassifier("flatten, dense 32, relu", augment="timeshift 1 wrap, shift 0.4", **options).fit(x, y)
    assert moved.score(test_x, test_y) > plain.score(test_x, test_y) + 0.03


@pytest.mark.parametrize(
    ("line", "word", "problem"),
    [
        ("flp", "flp", "unknown step 'flp'; did you mean 'flip'?"),
        ("flip, rotate", "", "expected DEGREES after 'rotate' (a number from 0 to 180), found the end"),
        ("rotate, flip", ",", "expected DEGREES after 'rotate' (a number from 0 to 180), found ','"),
        ("crop 2", "crop", "'crop 2' is now written 'shift 2px'"),
        ("random-crop 2", "random-crop", "random-crop is for heldout augment"),
        ("centre-crop 2", "centre-crop", "centre-crop is for --prepare"),
        (
            "shift 2.5px",
            "2.5px",
            "a number from 0 to 1, a whole number from 0 to 10,000 followed by px or per cent)",
        ),
        ("shift 2", "2", "expected AMOUNT after 'shift' (a number from 0 to 1"),
        ("shift 0.1s", "0.1s", "expected AMOUNT after 'shift'"),
        ("shift 0.1 reflec", "reflec", "shift has no option 'reflec'; did you mean 'reflect'?"),
        ("flip p 0.5 p 0.5", "p", "'p' is given twice"),
        ("flip p", "", "expected P after 'p' (a number from 0 to 1), found the end"),
        ("flip p 1.5", "1.5", "expected P after 'p' (a number from 0 to 1), found '1.5'"),
        ("flip,, rotate 2", ",", "expected a step"),
        ("flip rotate 2", "rotate", "flip has no option 'rotate'"),
        (", ".join(["flip"] * 31), "flip", "more than 30 steps"),
        ("mixup 1e9", "1e9", "expected ALPHA after 'mixup' (a number from 0.01 to 100), found '1e9'"),
        ("gain 6", "gain", "gain on images needs levels in decibels"),
        ("shift 7px", "shift", "shift 7px leaves nothing of rows of shape (6, 5, 2)"),
        ("specaugment 1 9 1", "specaugment", "masks of 9 bands"),
        ("pitch 2 5000 100", "pitch", "the lowest frequency is not below the highest"),
    ],
)
def test_a_wrong_line_is_refused_and_the_error_points_at_the_word(line, word, problem):
    x, y = small_data(12)
    with pytest.raises(SettingError, match=re.escape(problem)) as caught:
        NetClassifier("flatten", augment=line, epochs=1).fit(x, y)
    _, shown, marker = caught.value.what.split("\n")
    begin = marker.index("^")
    assert shown[begin : begin + len(marker.strip())] == word
    assert caught.value.fix


@pytest.mark.parametrize("line", [None, 3, ["flip", 1], b"flip", "flip, " * 400])
def test_a_line_that_is_no_line_is_refused(line):
    with pytest.raises(SettingError, match=r"augment (is a line of text|has 2,399 characters)"):
        parse_augment(line)


def test_steps_that_do_not_fit_the_kind_of_rows_are_refused_with_those_that_do():
    random = np.random.default_rng(0)
    y = np.arange(12) % 2
    for shape, line, offer in [
        ((5,), "flip", "mixup"),
        ((9, 2), "rotate 5", "timeshift"),
        ((9, 2), "noise 3 levels", ""),
    ]:
        with pytest.raises(SettingError, match="the rows are") as caught:
            NetClassifier("flatten" if len(shape) > 1 else "", augment=line, epochs=1).fit(
                random.standard_normal((12, *shape)), y
            )
        assert offer in caught.value.fix


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="flipcrod 0123.,p", max_size=40))
def test_any_text_is_read_or_refused_by_name(text):
    try:
        line, steps = parse_augment(text)
    except SettingError:
        return
    assert parse_augment(line) == (line, steps)


def test_every_word_says_its_form():
    for name, word in LANGUAGE.words.items():
        assert word.form.split()[0] == name
        assert word.does
        first = {"shift": "0.1"}.get(name, " ".join("1" for one in word.fields if one.default is REQUIRED))
        _, (step,) = parse_augment(f"{name} {'0.5' if name == 'stretch' else first} p 0.5")
        assert step.p == 0.5
        assert parse_augment(str(step))[1] == (step,)


def test_a_net_of_version_0_1_is_read_in_the_words_of_today():
    x, y = small_data()
    net = NetClassifier("flatten", augment="flip, shift 1px reflect p 0.5", epochs=1, threads=1).fit(x, y)
    meta, arrays = net.to_arrays()
    meta["settings"]["augment"] = "flip, crop 1 reflect p 0.5"
    again = NetClassifier.from_arrays(meta, arrays)
    assert again.augment == net.augment
    np.testing.assert_array_equal(again.predict_proba(x), net.predict_proba(x))
    assert LANGUAGE.upgraded("crop 4.0,  noise 20") == "shift 4px, noise 20"


def test_noise_lies_between_the_two_numbers_of_decibels_and_one_number_is_exact():
    rows = rows_of((30, 20, 1), 1, 300)

    def decibels(line):
        noise = augmenter(line, (30, 20, 1)).apply(rows.clone(), a_batch([1], 300)) - rows
        return 10 * torch.log10((rows**2).mean(-1) / (noise**2).mean(-1))[0].numpy()

    exact, spread = decibels("noise 20 p 1"), decibels("noise 10..30 p 1")
    assert np.abs(exact - 20).max() < 1.5  # the powers of the fields differ a little
    assert (spread.min(), spread.max()) == pytest.approx((10, 30), abs=1.5)
    assert stats.kstest((spread - 10) / 20, "uniform").pvalue > 1e-4


def test_a_trained_net_keeps_its_line_in_its_arrays():
    x, y = small_data()
    net = NetClassifier("flatten", augment="flip,  shift 1px", epochs=1, threads=1).fit(x, y)
    again = NetClassifier.from_arrays(*net.to_arrays())
    assert again.augment == "flip, shift 1px"
    np.testing.assert_array_equal(again.predict_proba(x), net.predict_proba(x))
