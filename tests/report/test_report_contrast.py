"""Every colour that text has on every ground it stands on, by day, by night and in print."""

from __future__ import annotations

import re

import numpy as np
import pytest

from heldout.report.matrix import MIDDLE, STEPS, STRONG, shade
from heldout.report.page import resource

LEAST = 4.5


def schemes() -> dict[str, dict[str, str]]:
    """Variables of the three colour schemes, as the style sheet has them."""
    css = resource("style.css")
    day, night, printed = re.findall(r":root\{([^}]*--paper[^}]*)\}", css)
    read = [dict(re.findall(r"--([a-z]+):(#[0-9a-f]{3,8})", text)) for text in (day, night, printed)]
    return {"day": read[0], "night": read[0] | read[1], "print": read[0] | read[2]}


def rgb(text: str) -> np.ndarray:
    """Red, green, blue and opacity from 0 to 1."""
    digits = text[1:]
    if len(digits) == 3:
        digits = "".join(d * 2 for d in digits)
    values = [int(digits[i : i + 2], 16) / 255 for i in range(0, len(digits), 2)]
    return np.array([*values, 1.0][:4])


def over(colour: np.ndarray, ground: np.ndarray, opacity: float) -> np.ndarray:
    """A colour seen through."""
    return np.append(colour[:3] * opacity + ground[:3] * (1 - opacity), 1.0)


def luminance(colour: np.ndarray) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    linear = np.where(colour[:3] <= 0.04045, colour[:3] / 12.92, ((colour[:3] + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    """Ratio of luminances, as WCAG 2 defines it."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_it_is_defined() -> None:
    assert contrast(rgb("#fff"), rgb("#000")) == pytest.approx(21)
    assert contrast(rgb("#777"), rgb("#fff")) == pytest.approx(4.48, abs=0.01)


PAIRS = [
    ("ink", "paper"),
    ("quiet", "paper"),
    ("blue", "paper"),
    ("orange", "paper"),
    ("paper", "blue"),
    ("ink", "wash"),
    ("quiet", "wash"),
    ("orange", "wash"),
    ("blue", "wash"),
    ("ink", "banner"),
]


@pytest.mark.parametrize("scheme", schemes())
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    colours = schemes()[scheme]
    assert contrast(rgb(colours[text]), rgb(colours[ground])) >= LEAST


@pytest.mark.parametrize("scheme", schemes())
def test_lines_of_controls_can_be_seen(scheme: str) -> None:
    colours = schemes()[scheme]
    assert contrast(rgb(colours["line"]), rgb(colours["paper"])) >= 3


@pytest.mark.parametrize("scheme", schemes())
@pytest.mark.parametrize("right", [True, False])
def test_counts_can_be_read_on_every_shade_of_the_matrix(scheme: str, right: bool) -> None:
    colours = schemes()[scheme]
    inks = {"on-light": "ink", "on-middle": "dark", "on-dark": "paper"}
    seen = {shade(float(share), right) for share in np.linspace(0, 1, 2001)}
    assert {opacity for opacity, _ in seen} == {*STEPS, MIDDLE[right], *(STRONG if right else ())}
    for opacity, ink in seen:
        ground = over(rgb(colours["blue" if right else "orange"]), rgb(colours["wash"]), opacity)
        assert contrast(rgb(colours[inks[ink]]), ground) >= LEAST, (opacity, ink)


@pytest.mark.parametrize("right", [True, False])
def test_shades_grow_with_the_share(right: bool) -> None:
    opacities = [shade(share, right)[0] for share in np.linspace(0, 1, 200)]
    assert opacities == sorted(opacities)
