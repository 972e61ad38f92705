"""Progress: a live table on a terminal, plain lines elsewhere. All on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from heldout.cli.words import duration, plural, visible, with_error
from heldout.run import events

MOST_FINDINGS = 3


class Display:
    """Listens to the main job's events and shows them."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() and not quiet
        self._live: Any = None
        self._candidates: dict[str, dict[str, Any]] = {}
        self._left: float | None = None
        self._started = time.monotonic()
        self._shown = 0.0
        self._step = ""
        self._handlers: dict[type[events.Event], Callable[[Any], None]] = {
            events.DataLoaded: self._on_data_loaded,
            events.SplitMade: self._on_split,
            events.Looked: self._on_looked,
            events.CandidateStarted: self._on_candidate_started,
            events.FoldEnded: self._on_fold_ended,
            events.SearchPlanned: self._on_search_planned,
            events.PointsEnded: self._on_points_ended,
            events.EpochEnded: self._on_epoch_ended,
            events.CandidateEnded: self._on_candidate_ended,
            events.CandidateChosen: self._on_chosen,
            events.RefitStarted: self._on_refit_started,
            events.LearningCurveStarted: self._on_learning_curve_started,
            events.Done: self._on_done,
        }

    def __enter__(self) -> Display:
        if self._terminal:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=4, get_renderable=self._table)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def loading(self, done: int, total: int, what: str) -> None:
        """Show progress of reading or downloading, at most once a second on plain output."""
        self._step = f"{what}: {done:,} of {total:,}" if total else f"{what}: {done:,}"
        if not self._terminal and (time.monotonic() - self._shown > 2 and done < total):
            self._shown = time.monotonic()
            self._line(self._step)

    def listen(self, event: events.Event) -> None:
        """Take one event of the job."""
        self._left = getattr(event, "seconds_left", self._left)
        handler = self._handlers.get(type(event))
        if handler:
            handler(event)

    def _on_data_loaded(self, event: events.DataLoaded) -> None:
        from heldout.kinds.registry import kind_named

        self._step = "searching for copies, splitting"
        rows = f"{event.rows:,} {kind_named(event.kind).rows}"
        self._line(f"Loaded {rows} of {plural(event.classes, 'class')}")

    def _on_split(self, event: events.SplitMade) -> None:
        self._candidates = {name: {"title": title, "status": "", "text": ""} for name, title in event.models}
        self._line(f"Sealed {event.test:,} of them as the test set; {event.train:,} remain for training")
        if event.cross_validated_rows < event.train:
            self._line(f"Cross-validation uses {event.cross_validated_rows:,} of these; the chosen model will use all")
        repeats = f", repeated {event.repeats} times" if event.repeats > 1 else ""
        self._line(f"Cross-validation in {event.folds} folds{repeats}")
        if event.openings:
            self._line(f"The seal of these data has been opened {plural(event.openings, 'time')} before")
        for note in event.notes:
            self._line(f"Note: {note}")
        if event.skipped:
            name, reason = event.skipped[0]
            self._line(f"Note: skipped {plural(len(event.skipped), 'unreadable file')}; the first: {name}: {reason}")
        for problem in event.ledger_problems:
            self._line(f"Warning: the ledger was tampered with: {problem}")
        self._step = ""

    def _on_looked(self, event: events.Looked) -> None:
        serious = [found for found in event.findings if found["severity"] != "note"]
        for found in serious[:MOST_FINDINGS]:
            self._line(f"{found['severity'].capitalize()}: {found['title']}")
        n_more = len(event.findings) - len(serious[:MOST_FINDINGS])
        if n_more:
            self._line(f"Note: {plural(n_more, 'more finding')} in the report")

    def _on_candidate_started(self, event: events.CandidateStarted) -> None:
        self._candidates[event.model]["status"] = "running"

    def _on_fold_ended(self, event: events.FoldEnded) -> None:
        self._candidates[event.model]["text"] = f"fit {event.done} of {event.of}"

    def _on_search_planned(self, event: events.SearchPlanned) -> None:
        for name, title in event.models:
            self._candidates[name] = {"title": title, "status": "", "text": ""}
        titles = ", ".join(event.of) or "no model"
        self._line(f"Searching {plural(event.points, 'setting')} each for: {titles}")

    def _on_points_ended(self, event: events.PointsEnded) -> None:
        self._candidates[event.model]["text"] = f"setting {event.done} of {event.of}"

    def _on_epoch_ended(self, event: events.EpochEnded) -> None:
        text = f"epoch {event.epoch} of {event.epochs}"
        if event.model in self._candidates and self._candidates[event.model]["status"] == "running":
            self._candidates[event.model]["text"] = text
        else:
            self._step = f"{self._step.split(';')[0]}; {text}"

    def _on_candidate_ended(self, event: events.CandidateEnded) -> None:
        candidate = self._candidates[event.model]
        candidate["status"] = event.status
        if event.status == "finished":
            candidate["text"] = (
                f"MCC {with_error(*event.scores['mcc'])}   accuracy {with_error(*event.scores['accuracy'])}"
            )
        else:
            candidate["text"] = f"{event.status}: {event.why}"
        left = f"   about {duration(self._left)} left" if self._left and self._left > 2 else ""
        if not self._terminal:
            self._line(f"{candidate['title']:<28} {candidate['text']}   {duration(event.seconds)}{left}")
        candidate["text"] += f"   {duration(event.seconds)}"

    def _on_chosen(self, event: events.CandidateChosen) -> None:
        if event.interrupted:
            self._line("Stopping, keeping the best so far (press Ctrl-C again to stop at once)")

    def _on_refit_started(self, event: events.RefitStarted) -> None:
        self._step = f"fitting the chosen model on {event.rows:,} rows"
        if not self._terminal:
            self._line(self._step[0].upper() + self._step[1:])

    def _on_learning_curve_started(self, event: events.LearningCurveStarted) -> None:
        self._step = f"training on parts of the rows: {', '.join(f'{size:,}' for size in event.sizes)}"

    def _on_done(self, event: events.Done) -> None:
        self._step, self._left = "", None

    def _line(self, text: str) -> None:
        if self._quiet:
            return
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text(visible(text)))
        else:
            print(visible(text), file=sys.stderr, flush=True)

    def _table(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        marks = {"finished": "✓", "running": "…", "skipped": "–", "failed": "✗", "": " "}
        table = Table(box=None, show_header=False, padding=(0, 1))
        for candidate in self._candidates.values():
            style = "bold" if candidate["status"] == "running" else "dim" if candidate["status"] != "finished" else ""
            table.add_row(
                marks.get(candidate["status"], " "), candidate["title"], visible(candidate["text"]), style=style
            )
        spent = duration(time.monotonic() - self._started)
        left = f", about {duration(self._left)} left" if self._left and self._left > 2 else ""
        return Group(table, Text(f"{self._step or 'working'} · {spent}{left}", style="dim"))
