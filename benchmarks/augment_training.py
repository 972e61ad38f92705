"""Augmentation at train time: its share of the training of nets for 32x32 images, and its speed on spectrograms.

    python benchmarks/augment_training.py [--rounds 3] [--images 2000] [--clips 12] [--device cpu]

``share`` is (seconds with augmentation - seconds without) / seconds without, of one epoch, best of alternating rounds.
``ratio`` is librosa's seconds for the course's mix (shift, noise, pitch, stretch, each with p = 1/2, in the time
domain, without the spectrogram that must follow) / ours on the spectrograms in whole batches, for one clip of 5 s at
44,100 Hz. librosa is no dependency of heldout: install it beside, or that part is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from net_common import report, take_turns

from heldout.nets.classifier import NetClassifier
from heldout.nets.fit.augmenting import Augmenter
from heldout.nets.fit.streams import augment_keys
from heldout.nets.presets import resnet, small_cnn
from heldout.prepare.sounds import SoundSpectrogram

IMAGES = "flip, shift 4px, rotate 10, brightness 0.2, contrast 0.2, erase 0.2, mixup 0.2, cutmix p 0.5"
COURSE = "timeshift 0.025 p 0.5, noise 20 levels 100 p 0.5, pitch 10 p 0.5, stretch 0.5 p 0.5"
RATE, SECONDS = 44_100, 5


def share_of_training(settings: dict[str, Any], line: str, n_images: int, rounds: int, device: str) -> dict[str, Any]:
    """Seconds of one epoch with and without a line of augmentation."""
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (n_images, 32, 32, 3), dtype=np.uint8)
    y = random.integers(0, 10, n_images)

    def train(augment: str) -> None:
        NetClassifier(**{**settings, "epochs": 1}, augment=augment, device=device).fit(x, y)

    train(line)
    seconds = take_turns({"plain": lambda: train(""), "augmented": lambda: train(line)}, rounds)
    plain, augmented = (min(seconds[name]) for name in ("plain", "augmented"))
    return {"plain": plain, "augmented": augmented, "share": augmented / plain - 1}


def clips(n: int) -> np.ndarray:
    """Tones with a decaying noise, float32 in [-1, 1], (n, samples)."""
    random = np.random.default_rng(0)
    t = np.arange(RATE * SECONDS) / RATE
    tones = np.sin(2 * np.pi * random.uniform(200, 4000, (n, 1)) * t)
    found = 0.4 * tones + 0.2 * random.standard_normal((n, len(t))) * np.exp(-t)
    return np.clip(found, -1, 1).astype(np.float32)


def by_librosa(sounds: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    """The course's mix, as its script does it with librosa, clip by clip."""
    import librosa

    random = np.random.default_rng(seed)
    done = []
    for sound in sounds:
        wav = sound.copy()
        if random.random() < 0.5:
            steps = int(RATE / 4 * (random.random() - 0.5))
            wav = np.roll(wav, steps)
            wav[: max(0, steps)] = 0
            wav[len(wav) + min(0, steps) :] = 0
        if random.random() < 0.5:
            wav = wav + 0.1 * (wav.max() - wav.min()) * random.random(len(wav)).astype(np.float32)
        if random.random() < 0.5:
            wav = librosa.effects.pitch_shift(wav, sr=RATE, n_steps=20 * (random.random() - 0.5))
        if random.random() < 0.5:
            wav = librosa.effects.time_stretch(wav, rate=0.5 + random.random())
        done.append(librosa.util.fix_length(wav, size=len(sound)))
    return done


def speed_on_spectrograms(n_clips: int, rounds: int, device: str) -> dict[str, Any]:
    """Seconds a clip, in the time domain with librosa and on spectrograms in whole batches."""
    sounds = clips(n_clips)
    whole = (sounds * 32767).astype(np.int16)[..., None]
    spectrograms = SoundSpectrogram(RATE, size=2048, hop=1722, n_bands=64).fit_transform(whole)
    place = torch.device(device)
    shape, n_rows, n_batches = spectrograms.shape[1:], 32, 20
    made = Augmenter(COURSE, shape, is_pixels=True, device=place, dtype=torch.float32)
    chosen = np.resize(spectrograms.reshape(n_clips, -1), (1, n_rows, int(np.prod(shape))))
    rows = torch.from_numpy(chosen.astype(np.float32) / 255).to(place)
    keys = torch.from_numpy(augment_keys(np.array([1], np.uint64), epoch=0)).to(place)

    def ours() -> None:
        for number in range(n_batches):
            made.apply(rows, SimpleNamespace(augment_keys=keys, first=number * n_rows))

    ours()
    sides = {"ours": ours}
    if importlib.util.find_spec("librosa") is not None:
        by_librosa(sounds)
        sides["librosa"] = lambda: by_librosa(sounds)
    seconds = take_turns(sides, rounds)
    found = {"ours_ms_per_clip": 1000 * min(seconds["ours"]) / (n_rows * n_batches)}
    if "librosa" in seconds:
        found["librosa_ms_per_clip"] = 1000 * min(seconds["librosa"]) / n_clips
        found["ratio"] = found["librosa_ms_per_clip"] / found["ours_ms_per_clip"]
    return found


def main() -> None:
    """Run both parts and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    nets: dict[str, dict[str, Any]] = {
        "resnet8": {"net": resnet(8), "batch": 128},
        "small_cnn": small_cnn((32, 32, 3), 10, 50_000),
    }
    lines = {"usual": "flip, shift 4px", "all": IMAGES}
    shares = {
        f"{name}, {kind}": share_of_training(net, line, options.images, options.rounds, options.device)
        for name, net in nets.items()
        for kind, line in lines.items()
    }
    sounds = speed_on_spectrograms(options.clips, options.rounds, options.device)
    report("augment_training", options.device, lines=lines, training=shares, course=COURSE, spectrograms=sounds)


if __name__ == "__main__":
    main()
