"""The report in a real browser: it draws something, and nothing fails or reaches for the network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_samples import HOSTILE, hostile_pair, hostile_sample, sample

from heldout.evaluate.scoring import score
from heldout.report import words
from heldout.report.board import SHARES, Counts, board
from heldout.report.content import ReportContent
from heldout.report.deciding import decision_words
from heldout.report.page import render_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


def browse(folder: Path, page: Path, *options: str, fragment: str = "") -> subprocess.CompletedProcess[str]:
    """Open a page headless, with a fresh profile and no calls home."""
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        "--hide-scrollbars",
    ]
    profile = folder / "profile"
    profile.mkdir(exist_ok=True)
    command = [
        str(CHROMIUM),
        *quiet,
        f"--user-data-dir={profile}",
        *options,
        page.as_uri() + (f"#{fragment}" if fragment else ""),
    ]
    environment = os.environ | {"HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment)


def complaints(log: str) -> list[str]:
    """What the page itself did wrong (the browser's own grumbling about D-Bus and the like is not ours)."""
    return [line for line in log.splitlines() if re.search(r"CONSOLE|Refused to|net::ERR_|Uncaught", line)]


@pytest.mark.parametrize(("width", "height"), [(1200, 2400), (500, 2400)])
def test_the_report_draws_in_a_browser_without_errors(tmp_path: Path, width: int, height: int) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(render_report(sample()), encoding="utf-8")
    done = browse(tmp_path, page, f"--screenshot={picture}", f"--window-size={width},{height}")
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert pixels.shape == (height, width, 3)
    # a blank or unstyled page has few colours; ours has ink, greys, blue and orange
    blue = (pixels[..., 2] > 140) & (pixels[..., 0] < 60)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert blue.mean() > 0.002
    assert complaints(done.stderr) == []


@pytest.mark.parametrize("content", [hostile_sample(), hostile_pair()], ids=["many classes", "two classes"])
def test_hostile_names_neither_run_nor_break_the_page(tmp_path: Path, content: ReportContent) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_report(content), encoding="utf-8")
    done = browse(tmp_path, page, "--dump-dom", "--window-size=1200,2400")
    assert complaints(done.stderr) == []
    assert re.search(r"<title>.*heldout report</title>", done.stdout)
    assert "owned" not in re.search(r"<title>(.*?)</title>", done.stdout)[1].replace("&quot;owned", "").replace(
        "'owned'", ""
    )
    assert not re.search(r"<img src=\"x", done.stdout)
    assert done.stdout.count("<script") == (2 if content.data.classes[0][0] == HOSTILE[10] else 1)
    assert done.stdout.count("<section") == done.stdout.count("</section>") == render_report(content).count("<section")
    assert '<html lang="en" class="js">' in done.stdout  # our own script did run


def drive(folder: Path, content: ReportContent, script: str, fragment: str = "") -> str:
    """The text that a script of the test leaves in the title, after the page's own script ran; without the policy."""
    page = folder / "driven.html"
    text = render_report(content)
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    text = text.replace("</body>", f"<script>document.title = JSON.stringify((() => {{{script}}})());</script></body>")
    page.write_text(text, encoding="utf-8")
    done = browse(folder, page, "--dump-dom", fragment=fragment)
    assert complaints(done.stderr) == []
    return json.loads(unescape(re.search(r"<title>(.*?)</title>", done.stdout, re.S)[1]))


READ = """
  const read = () => [...document.querySelectorAll(".board")].map((board) => Object.fromEntries(
    [...board.querySelectorAll("[data-cell],[data-rate],[data-ends]")].map((cell) =>
      [Object.entries(cell.dataset)[0].join(" "), cell.textContent])));
  const set = (id, value) => {
    const slider = document.getElementById(id);
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
  };
"""


def expected(counts: Counts, place: int, share: float | None) -> dict[str, str]:
    """What a board should say, by the package's own rules."""
    found = board(counts, place, share)
    texts = {}
    for key, value in found["cells"].items():
        whole = share is None or value >= 9.95
        texts[f"cell {key}"] = f"{value:,.0f}" if whole else f"{value:.1f}"
    for key, (value, low, high) in found["rates"].items():
        style = "percent" if key in SHARES else "number"
        texts[f"rate {key}"] = words.percent(value) if style == "percent" else words.number(value)
        texts[f"ends {key}"] = words.between(low, high, style=style)
    return texts


def two_classes() -> ReportContent:
    rng = np.random.default_rng(3)
    sets = []
    for n in (455, 114):
        y = (rng.random(n) < 0.37).astype(int)
        p = 1 / (1 + np.exp(-1.7 * (rng.normal(size=n) + 3 * y - 1.5)))
        sets.append(score(y, np.column_stack([1 - p, p]), ("no", "yes"), groups=np.arange(n) // 2))
    return sample(("no", "yes"), cross_validated=sets[0], test=sets[1])


def test_sliders_move_the_tables_to_what_the_package_itself_computes(tmp_path: Path) -> None:
    content = two_classes()
    data = decision_words(content)["data"]
    thresholds = np.array(data["thresholds"])
    moves = [(data["used"], data["own"]), (20, data["own"]), (60, 30), (0, 5), (len(thresholds) - 1, 80)]
    steps = "".join(f'set("threshold", {t}); set("share", {s}); found.push(read());' for t, s in moves)
    seen = drive(
        tmp_path,
        content,
        READ + f'const found = [read()]; {steps} document.getElementById("as-it-is").click(); found.push(read());'
        'return {found, hidden: document.querySelector(".sliders").hidden,'
        'spoken: document.getElementById("threshold").getAttribute("aria-valuetext")};',
    )
    counts = [
        Counts(np.array(one["tp"]), np.array(one["fp"]), one["positive"], one["negative"], one["weight"], scored.level)
        for one, scored in zip(data["sets"], (content.cross_validated, content.test), strict=True)
    ]
    own = [expected(one, data["used"], None) for one in counts]
    assert seen["found"][0] == own  # as it was written into the page
    for (place, at), found in zip(moves, seen["found"][1:-1], strict=True):
        share = None if at == data["own"] else data["shares"][at]
        assert found == [expected(one, place, share) for one in counts]
    assert seen["found"][-1] == own
    assert seen["hidden"] is False
    assert seen["spoken"] == "0.500 (in use)"


def test_cells_open_by_mouse_and_keys_and_close_again(tmp_path: Path) -> None:
    seen = drive(
        tmp_path,
        sample(),
        """
        const cells = [...document.querySelectorAll("svg.confusion a")];
        const open = () => [...document.querySelectorAll(".panel")]
          .filter((panel) => getComputedStyle(panel).display !== "none").map((panel) => panel.id);
        const key = (name) => document.activeElement
          .dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
        const found = {cells: cells.map((cell) => cell.getAttribute("href")), start: open()};
        found.stops = cells.filter((cell) => cell.getAttribute("tabindex") === "0").length;
        cells[0].dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
        found.clicked = open();
        found.focus = document.activeElement.tagName;
        key("Escape");
        found.escaped = open();
        cells[0].focus();
        key("ArrowDown");
        key("ArrowRight");
        found.walked = document.activeElement.getAttribute("href");
        document.querySelector("table a[href^='#cell-']")?.click();
        found.pair = open();
        return found;
        """,
    )
    assert seen["start"] == []
    assert seen["stops"] == 1
    assert seen["clicked"] == [seen["cells"][0][1:]]
    assert seen["focus"] == "H3"
    assert seen["escaped"] == []
    assert seen["walked"] in seen["cells"]
    assert len(seen["pair"]) <= 1


def test_without_script_a_cell_opens_by_its_address_and_the_sliders_stay_away(tmp_path: Path) -> None:
    page, picture = tmp_path / "plain.html", tmp_path / "plain.png"
    text = re.sub(r"<script>.*?</script>", "", render_report(sample(("no", "yes"))), flags=re.S)
    page.write_text(text, encoding="utf-8")
    pixels = []
    for fragment in ("", "cell-0-0"):
        browse(tmp_path, page, f"--screenshot={picture}", "--window-size=1000,5000", fragment=fragment)
        pixels.append(np.asarray(Image.open(picture).convert("RGB")))
    assert (pixels[0] != pixels[1]).any()
    assert '<div class="sliders" hidden>' in text


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out_of_the_page(tmp_path: Path, width: int) -> None:
    seen = drive(
        tmp_path,
        two_classes(),
        f"""
        const whole = document.documentElement.innerHTML;
        const frame = document.createElement("iframe");
        document.body.append(frame);
        frame.style.width = "{width}px";
        frame.contentDocument.documentElement.innerHTML = whole;
        const root = frame.contentDocument.documentElement;
        return [root.scrollWidth, root.clientWidth];
        """,
    )
    assert seen[0] <= seen[1]


def test_the_complaint_finder_hears_a_page_that_misbehaves(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<title>bad</title><script>nonsense()</script>", encoding="utf-8")
    assert complaints(browse(tmp_path, page, "--dump-dom").stderr)
