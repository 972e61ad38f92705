"""A summary of all experiments: how much has run, how many published numbers came out, how many claims held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heldout.cli.words import plural
from heldout_course.book.entries import Agreement, Entry, Line
from heldout_course.experiments.claims import State

CHAPTERS = {
    "ch04": "Data",
    "ch05": "Data sets",
    "ch06": "Classical models by hand",
    "ch07": "Classical models, measured",
    "ch08": "Nets",
    "ch09": "Training a net",
    "ch10": "Nets, measured",
    "ch11": "Judging models",
    "ch12": "Convolution",
    "ch13": "Convolutional nets on digits",
    "ch14": "Convolutional nets on colour pictures",
    "ch15": "Sounds",
    "ch16": "Further",
}

STATES: Mapping[State, str] = {"held": "held", "not held": "not held", "not decidable": "open"}
"""States of claims, in a word or two."""


@dataclass(frozen=True)
class Overview:
    """Counts over experiments."""

    entries: Sequence[Entry]

    @property
    def chapters(self) -> list[tuple[str, str, list[Entry]]]:
        """Anchor, heading and experiments of each chapter."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.recipe.id.split(".")[0], []).append(entry)
        return [(name, chapter_title(name), entries) for name, entries in found.items()]

    @property
    def states(self) -> Counter[str]:
        """Experiments that are ``full``, ``quick``, ``begun`` and ``not run``."""
        return Counter(kind_of(entry) for entry in self.entries)

    @property
    def numbers(self) -> Counter[Agreement]:
        """Published numbers that were compared with ours, by agreement."""
        return Counter(line.agrees for entry in self.entries for line in entry.lines if line.agrees)

    @property
    def not_compared(self) -> int:
        """Published numbers next to one of ours whose run is too short, or single, so that they cannot be compared."""
        lines = [line for entry in self.entries for line in entry.lines]
        return sum(bool(line.ours and line.printed and not line.agrees) for line in lines)

    @property
    def claims(self) -> Counter[str]:
        """Claims of finished experiments, by state."""
        return Counter(v.state for entry in self.entries if is_done(entry) for v in entry.verdicts)

    @property
    def corrected(self) -> int:
        """Experiments that also ran with a correction."""
        return sum(bool(entry.recipe.corrected) and entry.found.n_finished > 0 for entry in self.entries)

    @property
    def off(self) -> list[tuple[Entry, list[Line], list[str]]]:
        """Experiments with published numbers that did not come out, or claims that did not hold."""
        found = []
        for entry in self.entries:
            lines = [line for line in entry.lines if line.agrees.is_off]
            claims = [verdict.claim for verdict in entry.verdicts if verdict.state == "not held"]
            if lines or claims:
                found.append((entry, lines, claims))
        return found

    @property
    def seconds(self) -> float:
        """What all shown results took, in seconds of one core."""
        jobs = {job: one.seconds for entry in self.entries for job, one in entry.found.results.items()}
        return sum(jobs.values())

    @property
    def made_with(self) -> list[str]:
        """Versions and machines of the results, each in words; the most frequent first."""
        found: Counter[str] = Counter()
        for entry in self.entries:
            for one in entry.found.results.values():
                versions = ", ".join(f"{name} {version}" for name, version in one.versions.items() if version)
                found[f"{versions}; {one.machine}"] += 1
        return [words for words, _ in found.most_common()]


def chapter_title(name: str) -> str:
    """``Chapter 7: ...``, or the name itself for experiments of one's own."""
    number = name.removeprefix("ch").lstrip("0")
    return f"Chapter {number}: {CHAPTERS[name]}" if name in CHAPTERS else name


def is_done(entry: Entry) -> bool:
    """Whether all jobs of the shown profile are finished."""
    return entry.found.n_finished == len(entry.found.plan.jobs)


def kind_of(entry: Entry) -> str:
    """``not run``, ``begun``, ``quick`` or ``full``."""
    return "not run" if not entry.found.n_finished else entry.found.plan.profile if is_done(entry) else "begun"


def summary_of(entry: Entry) -> list[tuple[str, str]]:
    """What the contents say of an experiment: kind (same, off, quiet) and words."""
    if kind_of(entry) == "not run":
        return [("quiet", "not run yet")]
    parts = [] if is_done(entry) else [("quiet", entry.state)]
    numbers = Counter(line.agrees for line in entry.lines if line.agrees)
    if numbers:
        n_off = sum(n for agreement, n in numbers.items() if agreement.is_off)
        words = f"{numbers.total() - n_off} of {plural(numbers.total(), 'number')} as published"
        parts.append(("off" if n_off else "same", words))
    states = Counter(verdict.state for verdict in entry.verdicts)
    if states:
        counts = [f"{states[state]} {words}" for state, words in STATES.items() if states[state]]
        word = "claim" if states.total() == 1 else "claims"
        parts.append(("off" if states["not held"] else "same", f"{word}: {', '.join(counts)}"))
    return parts
