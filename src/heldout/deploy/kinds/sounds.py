"""Preparation of sounds in a bundle: resampling, spectrograms, summary features."""

from __future__ import annotations

from typing import Any, TypeVar

from heldout.deploy.nodes import Kind, Node, Parts
from heldout.prepare.sounds import ResampleSounds, SoundSpectrogram, SoundSummary

Step = TypeVar("Step", ResampleSounds, SoundSpectrogram, SoundSummary)
_MOST_SAMPLES = 2**31 - 1
_MOST_RATE = 768_000
_MOST_FRAME = 2**20
_MOST_BANDS = 4096


def _length(step: Any) -> dict[str, Any]:
    return {"length": int(step.length_), "rate": int(step.rate)}


def _with_length(node: Node, step: Step) -> Step:
    step.length_ = node.integer("length", 1, _MOST_SAMPLES)
    return step


def _write_resample(step: ResampleSounds) -> Parts:
    seconds = None if step.seconds is None else float(step.seconds)
    return Parts(_length(step) | {"new_rate": int(step.new_rate), "seconds": seconds})


def _read_resample(node: Node) -> ResampleSounds:
    seconds = node.number("seconds", 1e-3, 1e6) if node.has_param("seconds") else None
    rate, new_rate = (node.integer(name, 1, _MOST_RATE) for name in ("rate", "new_rate"))
    step = _with_length(node, ResampleSounds(rate, new_rate, seconds))
    node.check(step.new_length <= _MOST_SAMPLES, "sounds would become too long")
    return step


def _write_spectrogram(step: SoundSpectrogram) -> Parts:
    params: dict[str, Any] = {name: int(getattr(step, name)) for name in ("size", "hop", "n_bands")}
    params |= {"scale": step.scale, "low": float(step.low), "high": None if step.high is None else float(step.high)}
    return Parts(_length(step) | params | {"log": bool(step.log), "floor_db": float(step.floor_db)})


def _read_spectrogram(node: Node) -> SoundSpectrogram:
    rate = node.integer("rate", 1, _MOST_RATE)
    low = node.number("low", 0, rate)
    high = node.number("high", 0, rate) if node.has_param("high") else None
    node.check(low < min(rate / 2, rate / 2 if high is None else high), "low must be below high")
    step = SoundSpectrogram(
        rate,
        size=node.integer("size", 1, _MOST_FRAME),
        hop=node.integer("hop", 1, _MOST_SAMPLES),
        scale=node.choice("scale", ("mel", "linear")),
        n_bands=node.integer("n_bands", 1, _MOST_BANDS),
        low=low,
        high=high,
        log=node.flag("log"),
        floor_db=node.number("floor_db", -1000.0, -1e-3),
    )
    return _with_length(node, step)


def _write_summary(step: SoundSummary) -> Parts:
    params = {name: int(getattr(step, name)) for name in ("size", "hop", "n_bands")}
    return Parts(_length(step) | params | {"floor_db": float(step.floor_db)})


def _read_summary(node: Node) -> SoundSummary:
    step = SoundSummary(
        node.integer("rate", 1, _MOST_RATE),
        size=node.integer("size", 1, _MOST_FRAME),
        hop=node.integer("hop", 1, _MOST_SAMPLES),
        n_bands=node.integer("n_bands", 1, _MOST_BANDS),
        floor_db=node.number("floor_db", -1000.0, -1e-3),
    )
    return _with_length(node, step)


_HOME = "heldout.prepare.sounds"
KINDS = (
    Kind("resample-sounds", f"{_HOME}.ResampleSounds", _write_resample, _read_resample),
    Kind("sound-spectrogram", f"{_HOME}.SoundSpectrogram", _write_spectrogram, _read_spectrogram),
    Kind("sound-summary", f"{_HOME}.SoundSummary", _write_summary, _read_summary),
)
