"""The page: well-formed, self-contained, escaped, and saying what the content says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from report_samples import CANDIDATES, HOSTILE, hostile_pair, hostile_sample, rivals, sample, scored

from heldout.errors import ShapeError
from heldout.report.content import DataSummary, Opening, ReportContent, Sample, Seal
from heldout.report.page import render_report
from heldout.report.words import verdict

VOID = {"meta", "img", "br", "link", "input", "hr"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href"}


class Reader(HTMLParser):
    """Collects what a test asks about, and notices tags that do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} is given twice"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def bare() -> ReportContent:
    return ReportContent("t", "", DataSummary("d", "table", 0, 0, ()), ())


PAGES = {
    "opened": sample(),
    "sealed": sample(test=None, seal=Seal()),
    "two classes": sample(("benign", "malignant")),
    "20 classes": sample(tuple(f"class {i}" for i in range(20))),
    "100 classes": sample(tuple(f"class {i}" for i in range(100))),
    "hostile": hostile_sample(),
    "hostile pair": hostile_pair(),
    "bare": bare(),
}


@pytest.fixture(scope="module", params=PAGES)
def page(request) -> str:
    return render_report(PAGES[request.param])


def test_every_page_is_balanced_has_one_title_and_headings_in_order(page: str) -> None:
    tags = [tag for tag, _ in Reader(page).tags]
    assert tags.count("h1") == tags.count("body") == tags.count("main") == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_page_loads_nothing_and_runs_only_what_its_policy_names(page: str) -> None:
    for tag, attributes in Reader(page).tags:
        assert tag not in {"iframe", "object", "embed", "link", "base", "form"}
        assert not [name for name in attributes if name.startswith("on")]
        assert "style" not in attributes  # the policy would not let it through
        for name in LOADING & set(attributes):
            assert str(attributes[name]).startswith(("#", "data:image/png;base64,", "data:audio/mpeg;base64,"))
    assert "@import" not in page
    assert "url(" not in re.search(r"<style>(.*?)</style>", page, re.S)[1]
    rules = next(a["content"] for tag, a in Reader(page).tags if "http-equiv" in a)
    assert rules.startswith("default-src 'none'; img-src data:; media-src data:; ")
    assert "unsafe" not in rules
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in rules
    assert page.count("<script>") == 1
    for text in re.findall(r"<script [^>]*>(.*?)</script>", page, re.S):
        assert re.fullmatch(r"[\w\s{}\[\]:,.\"+-]*", text)  # numbers and names of ours


def test_every_link_leads_to_a_section_and_every_picture_has_words(page: str) -> None:
    tags = Reader(page).tags
    identities = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(identities) == len(set(identities))
    assert {a["href"][1:] for tag, a in tags if tag == "a"} <= set(identities)
    for tag, attributes in tags:
        if tag in {"img", "svg"}:
            assert attributes.get("alt") or attributes.get("aria-label")


def test_every_page_can_be_written_and_read_as_utf8_without_control_characters(page: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_bytes(page.encode("utf-8"))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e]", page)


def test_pages_stay_small() -> None:
    assert len(render_report(PAGES["opened"])) < 110_000
    assert len(render_report(PAGES["100 classes"])) < 400_000


def test_hostile_strings_are_shown_as_they_are_written() -> None:
    found = render_report(hostile_sample())
    assert HOSTILE[10] not in found + render_report(hostile_pair())
    assert HOSTILE[0] not in found
    assert "&lt;script&gt;document.title=" in found
    assert "{{ 7 * 7 }}{% raw %}" in Reader(found).text
    assert "49" not in re.findall(r"<td>(.*?)</td>", found)
    assert "日本語 🎉" in found
    labels = re.findall(r"<(?:th|text)\b[^>]*>(?:<title>.*?</title>)?([^<]*)", found)
    assert max(map(len, map(unescape, labels))) <= 60


def test_an_opened_report_states_its_facts_verdict_first() -> None:
    content = sample()
    text = Reader(render_report(content)).text
    found = content.test.metrics
    assert f"RBF SVM is right on {found['accuracy'] * 100:.1f} % of unseen images." in text
    facts = [
        "What it gets wrong",
        "The most confident mistakes",
        "Leaderboard",
        "98.8 ± 0.4 %",
        "skipped: the time limit of 2 min was reached",
        "failed: the loss became NaN in epoch 3",
        "Is the difference real?",
        "The numbers",
        "Class by class",
        "Is the stated confidence right?",
        "How the nets learned",
        "The data",
        "7 rows are near-copies of another.",
        "2 constant columns",
        "What to do: drop them",
        "truncated after 212 bytes",
        "State of the seal",
        "Model card",
        "heldout predict runs/digits INPUT",
        "Reproduce this run",
        "heldout train digits --seed 1 --assess",
        "1.9.1",
        "77aa",
    ]
    assert text.index("360 sealed images, first opening") < text.index("What it gets wrong")
    places = [text.find(fact, text.index("What it gets wrong")) for fact in facts]
    assert -1 not in places, facts[places.index(-1)]
    assert places == sorted(places)
    assert "cross-validated 0.987 ± 0.004." in text


def test_counts_and_row_percents_of_the_confusion_matrix_are_on_the_page() -> None:
    content = sample()
    words = Reader(render_report(content)).words
    matrix = np.array(content.test.metrics["confusion"])
    for count in matrix[matrix > 0]:
        assert str(count) in words
    assert f"{matrix[0, 0] / matrix[0].sum() * 100:.0f} %" in words


def test_a_sealed_report_speaks_of_cross_validation_and_never_of_the_test_rows() -> None:
    text = Reader(render_report(PAGES["sealed"])).text
    assert "RBF SVM: cross-validated MCC 0.987 ± 0.004, accuracy 98.8 ± 0.4 % on validation images." in text
    assert "The sealed test set of 360 images has not been opened." in text
    assert "360 images are sealed and have never been opened." in text
    assert "unseen" not in text
    assert "Sealed rows" not in text


def test_a_sealed_report_confesses_openings_by_other_runs() -> None:
    seal = Seal((Opening("a", "b", "c"), Opening("d", "e", "f")))
    text = Reader(render_report(sample(test=None, seal=seal))).text
    assert "other runs opened it twice" in text
    assert "This run has not opened the seal; the seal of these 360 images was opened twice by other runs" in text
    assert "(last: d, run e)" in text
    assert "never been opened" not in text


def test_a_sealed_report_says_that_its_ledger_was_altered() -> None:
    for openings in ((), (Opening("a", "b", "c"),)):
        seal = Seal(openings, intact=False, detail="entry 4 is missing")
        text = Reader(render_report(sample(test=None, seal=seal))).text
        assert "The ledger of openings has been altered: entry 4 is missing" in text
        assert "how often others opened it is unknown" in text
        assert "This run has not opened the seal. The ledger has been altered" in text
        assert "never been opened" not in text


def test_a_second_opening_is_said_and_its_wider_intervals_too() -> None:
    seal = Seal((Opening("a", "b", "c"), Opening("d", "e", "f")))
    content = sample(seal=seal, test=scored(360, tuple("0123456789"), 0.98, level=0.975))
    text = Reader(render_report(content)).text
    assert "97.5 % interval" in text
    assert "second opening" in text
    assert "widened to 97.5 %" in text
    assert "opened twice for these data" in text


def test_a_broken_ledger_is_said_before_the_verdict() -> None:
    text = Reader(render_report(sample(seal=Seal(intact=False, detail="entry 4 is missing")))).text
    assert text.index("The ledger of openings has been altered: entry 4 is missing") < text.index("RBF SVM is right")


def test_a_model_no_better_than_a_constant_answer_is_called_that() -> None:
    good, coin = scored(200, ("a", "b"), 0.97), scored(200, ("a", "b"), 0.5)
    assert verdict(sample(("a", "b"), test=good)).caution == ""
    assert "does not show that this model is better" in verdict(sample(("a", "b"), test=coin)).caution


def test_two_classes_bring_curves_and_the_medical_names() -> None:
    text = Reader(render_report(PAGES["two classes"])).text
    for name in ("ROC", "Precision and recall", "“malignant” is the positive class", "Sensitivity (TPR)"):
        assert name in text
    assert "ROC" not in Reader(render_report(PAGES["opened"])).text


def test_fifty_classes_are_told_by_their_worst_pairs_and_a_matrix_without_numbers() -> None:
    found = render_report(sample(tuple(f"class {i}" for i in range(50))))
    matrix = re.search(r'<svg class="figure confusion".*?</svg>', found, re.S)[0]
    words = re.findall(r"<text[^>]*>(?:<title>.*?</title>)?(.*?)</text>", matrix)
    assert not [word for word in words if word.strip().isdigit()]
    assert 1 <= pairs_of(found) <= 20


def pairs_of(found: str) -> int:
    return re.search(r"<h3>Most frequent confusions</h3>.*?</table>", found, re.S)[0].count("taken for")


@pytest.mark.parametrize("sealed", [False, True])
def test_too_many_classes_for_a_matrix_are_told_by_the_worst_pairs_and_classes(sealed: bool) -> None:
    classes = tuple(f"class {i}" for i in range(120))
    lone = scored(480, classes, 0.8, seed=1)
    changes = {"test": None if sealed else scored(480, classes, 0.8)}
    found = render_report(sample(classes, cross_validated=lone, **changes))
    assert "figure confusion" not in found
    assert pairs_of(found) == 20
    table = re.search(r'<section id="classes">.*?</section>', found, re.S)[0]
    assert table.count('scope="row"') == 30
    shown = set(re.findall(r'<th scope="row" title="(class \d+)"', table))
    recalls = {name: row["recall"] for name, row in (changes["test"] or lone).metrics["per_class"].items()}
    assert max(recalls[name] for name in shown) <= min(recalls[name] for name in recalls if name not in shown)
    text = Reader(found).text
    by_row = "" if sealed else " and, row by row, in predictions.csv"  # which is written with the seal opened
    assert f"instead of a matrix; the rest is in metrics.json{by_row}." in text
    assert "All 120 classes are in metrics.json." in text


def test_mistakes_show_pictures_for_images_and_values_for_tables() -> None:
    reader = Reader(render_report(sample()))
    picture = [attributes for tag, attributes in reader.tags if tag == "img"][-1]
    assert picture["src"].startswith("data:image/png;base64,")
    assert picture["alt"] == "three/7.png: 0, mistaken for 1"
    for word in ("93.0 %", "age", "61.5", "smoker", "yes", "missing"):
        assert word in reader.text


def test_a_picture_that_is_none_is_refused() -> None:
    wrong = Sample("a", "b", "c", 0.5, picture=np.zeros((3, 3)))
    with pytest.raises(ShapeError, match="float64"):
        render_report(sample(mistakes=(wrong,)))


def test_the_same_content_gives_the_same_page() -> None:
    assert render_report(sample()) == render_report(sample())


def test_a_run_in_which_nothing_finished_still_reports() -> None:
    text = Reader(render_report(replace(bare(), leaderboard=CANDIDATES[3:], warnings=("Interrupted.",)))).text
    assert "No model was chosen" in text
    assert "Interrupted." in text


def test_a_page_says_in_a_minute_what_is_wrong_and_whether_simpler_models_do_as_well() -> None:
    text = Reader(render_report(sample())).text
    start = text[: text.index("What it gets wrong")]
    assert re.search(r"Gets wrong \d+ of 360\. Most often “\d” mistaken for “\d” (once|twice|3 times)", start)
    assert "RBF SVM is shown to be better than 1 of 2 simpler models, not than Random forest (+0.001 MCC)" in start
    assert re.search(r"Always answering “0” is right on 10 ?\.0 %", start)
    assert "The data 1 warning; first: 2 constant columns." in start
    assert "The seal of these 360 images has been opened once." in start


@pytest.mark.parametrize(
    ("means", "says"),
    [
        ((("dummy", 0.1), ("forest", 0.5)), "RBF SVM is shown to be better than both simpler models."),
        ((("forest", 0.9871),), "RBF SVM is not shown to be better than any simpler model (nearest: Random forest"),
        ((("boosting", 0.2),), "RBF SVM is the simplest of the models; the one more complex model is not shown"),
        ((("dummy", 0.1), ("boosting", 0.99)), "better than the one simpler model; the one more complex model is not"),
        ((("boosting", 1.1),), "of the more complex ones, Gradient boosting is shown to be better."),
    ],
)
def test_differences_are_told_with_what_they_allow_to_say(means: tuple[tuple[str, float], ...], says: str) -> None:
    assert says in Reader(render_report(sample(rivals=rivals(*means)))).text


def test_each_difference_has_its_interval_and_its_corrected_p_value() -> None:
    content = sample()
    text = Reader(render_report(content)).text
    for pair in content.rivals:
        assert f"{pair.low:+.3f} to {pair.high:+.3f}".replace("-", "−") in text
    assert "corrected resampled t-test, with Holm's correction for 2 comparisons" in text
    assert "< 0.001" in text


def test_cells_of_the_matrix_lead_to_their_rows_and_only_to_those_that_are_there() -> None:
    found = render_report(sample())
    panels = set(re.findall(r'class="panel" id="(cell-\d+-\d+)"', found))
    assert panels == {"cell-0-1", "cell-0-0", "cell-1-1"} & panels
    assert "cell-0-0" in panels
    matrix = re.search(r'<svg class="figure confusion".*?</svg>', found, re.S)[0]
    assert set(re.findall(r'href="#(cell-[^"]+)"', matrix)) == panels
    assert 'role="group"' in matrix
    assert 'aria-label="0, correct: ' in matrix


def test_the_card_and_the_hashes_follow_from_the_run() -> None:
    text = Reader(render_report(PAGES["sealed"])).text
    for words in (
        "Classifying images into 10 classes: “0”, “1”",
        "Not assessed: all scores come from the cross-validation",
        "Unresolved findings on the data: 2 constant columns.",
        "Skipped because unreadable: 1.",
        "the label is the most probable one",
        "3f9c1d8e04",
    ):
        assert words in text
