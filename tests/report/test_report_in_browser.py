"""The report in a real browser: it draws something, and nothing fails or reaches for the network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_samples import hostile_sample, sample

from heldout.report.page import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


def browse(folder: Path, page: Path, *options: str) -> subprocess.CompletedProcess[str]:
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
    command = [str(CHROMIUM), *quiet, f"--user-data-dir={profile}", *options, page.as_uri()]
    environment = os.environ | {"HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)


def complaints(log: str) -> list[str]:
    """What the page itself did wrong (the browser's own grumbling about D-Bus and the like is not ours)."""
    return [line for line in log.splitlines() if re.search(r"CONSOLE|Refused to|net::ERR_|Uncaught", line)]


@pytest.mark.parametrize(("width", "height"), [(1200, 2400), (500, 2400)])
def test_the_report_draws_in_a_browser_without_errors(tmp_path: Path, width: int, height: int) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    write_report(page, sample())
    done = browse(tmp_path, page, f"--screenshot={picture}", f"--window-size={width},{height}")
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert pixels.shape == (height, width, 3)
    # a blank or unstyled page has few colours; ours has ink, greys, blue and orange
    blue = (pixels[..., 2] > 140) & (pixels[..., 0] < 60)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert blue.mean() > 0.002
    assert complaints(done.stderr) == []


def test_hostile_names_neither_run_nor_break_the_page(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_report(page, hostile_sample())
    done = browse(tmp_path, page, "--dump-dom", "--window-size=1200,2400")
    assert complaints(done.stderr) == []
    assert re.search(r"<title>.*heldout report</title>", done.stdout)
    assert not re.search(r"<(script|img src=\"x)", done.stdout)
    assert done.stdout.count("<section") == done.stdout.count("</section>") == 11


def test_the_complaint_finder_hears_a_page_that_misbehaves(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<title>bad</title><script>nonsense()</script>", encoding="utf-8")
    assert complaints(browse(tmp_path, page, "--dump-dom").stderr)
