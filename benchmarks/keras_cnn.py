"""The CNN of net_cnn.py in Keras: seconds of one epoch after a warm-up, the best of some rounds, as JSON.

    KERAS_BACKEND=jax HELDOUT_MIRROR=... python benchmarks/keras_cnn.py ROWS ROUNDS

A script of its own, so that Keras may live in an environment of its own: net_cnn.py --keras-python calls it for each
back end. It needs keras, one of tensorflow, jax and torch, and numpy.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers


def read(name: str, offset: int) -> np.ndarray:
    place = Path(os.environ["HELDOUT_MIRROR"]) / "mnist" / f"{name}-ubyte.gz"
    return np.frombuffer(gzip.decompress(place.read_bytes()), np.uint8, offset=offset)


def build() -> keras.Model:
    net = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    net.compile(optimizer=keras.optimizers.Adadelta(1.0), loss="sparse_categorical_crossentropy")
    return net


def main() -> None:
    n_rows, rounds = int(sys.argv[1]), int(sys.argv[2])
    x = read("train-images-idx3", 16).reshape(-1, 28, 28, 1)[:n_rows].astype(np.float32) / 255
    y = read("train-labels-idx1", 8)[:n_rows].astype(np.int64)
    net = build()
    net.fit(x[:1280], y[:1280], batch_size=128, epochs=1, verbose=0)  # traces and compiles
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        net.fit(x, y, batch_size=128, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"backend": keras.backend.backend(), "keras": keras.__version__, "seconds": min(seconds)}))


if __name__ == "__main__":
    main()
