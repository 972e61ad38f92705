"""A finished candidate is kept, and a damaged checkpoint is computed again instead of ending the run."""

import numpy as np
import pytest

from heldout.select.checkpoints import load_candidate, save_candidate
from heldout.select.results import CandidateResult


def finished():
    random = np.random.default_rng(0)
    return CandidateResult(
        "tree", "Tree", "finished", predicted=random.integers(0, 2, 50), scores=random.random((50, 2))
    )


def test_a_candidate_comes_back_as_it_was(tmp_path):
    kept, back = finished(), CandidateResult("tree", "Tree")
    save_candidate(tmp_path, "key", kept)
    assert load_candidate(tmp_path, "key", back, 50)
    np.testing.assert_array_equal(back.scores, kept.scores)
    assert not load_candidate(tmp_path, "another key", CandidateResult("tree", "Tree"), 50)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"PK" + b[9:], lambda b: b[:-30]]
)
def test_damaged_arrays_do_not_count(tmp_path, damage):
    save_candidate(tmp_path, "key", finished())
    path = tmp_path / "tree.npz"
    path.write_bytes(damage(path.read_bytes()))
    back = CandidateResult("tree", "Tree")
    assert not load_candidate(tmp_path, "key", back, 50)
    assert back.status == "waiting"


def test_a_flipped_byte_does_not_count(tmp_path):
    save_candidate(tmp_path, "key", finished())
    path = tmp_path / "tree.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    assert not load_candidate(tmp_path, "key", CandidateResult("tree", "Tree"), 50)
