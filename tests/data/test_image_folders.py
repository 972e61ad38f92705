import json
import os

import numpy as np
import pytest
from PIL import Image

from heldout import load
from heldout.data import decoding, importing
from heldout.errors import DataError, LabelError, SettingError


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return array


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def folder_of(root, n=4, classes=("cat", "dog"), shape=(6, 5, 3)):
    return {
        f"{name}/{i}.png": save(root / name / f"{i}.png", noise(i + 100 * k, *shape))
        for k, name in enumerate(classes)
        for i in range(n)
    }


def refused(path, error=DataError, **options):
    with pytest.raises(error) as caught:
        load(path, **options)
    assert caught.value.fix
    return str(caught.value)


def test_class_folders_become_images_labels_and_ids(tmp_path):
    made = folder_of(tmp_path / "pets")
    data = load(tmp_path / "pets")
    assert data.kind == "images"
    assert data.name == "pets"
    assert data.classes == ("cat", "dog")
    assert data.ids.tolist() == sorted(made)
    for row, name in enumerate(data.ids):
        assert np.array_equal(data.x[row], made[name])
        assert data.classes[data.y[row]] == name.split("/")[0]
    assert data.input == {"kind": "images", "height": 6, "width": 5, "channels": 3, "rule": "keep"}
    assert data.official_test is None


def test_grey_sets_have_one_channel_until_one_image_is_coloured(tmp_path):
    for i in range(3):
        for name in "ab":
            save(tmp_path / name / f"{i}.png", noise(i, 6, 6))
    assert load(tmp_path).x.shape == (6, 6, 6, 1)
    save(tmp_path / "b" / "z.png", noise(9, 6, 6, 3))
    data = load(tmp_path)
    assert data.x.shape == (7, 6, 6, 3)
    assert np.array_equal(data.x[0][..., 0], noise(0, 6, 6))


def test_mixed_sizes_and_large_images_are_brought_to_64(tmp_path):
    folder_of(tmp_path / "small", shape=(6, 6))
    save(tmp_path / "small" / "dog" / "z.png", noise(1, 9, 6, 3))
    data = load(tmp_path / "small")
    assert data.x.shape == (9, 64, 64, 3)
    assert data.input["rule"] == "fit"
    folder_of(tmp_path / "large", shape=(70, 80, 3))
    assert load(tmp_path / "large").x.shape == (8, 64, 64, 3)
    assert load(tmp_path / "large", image_size=16).x.shape == (8, 16, 16, 3)
    assert load(tmp_path / "large", image_size=(8, 12)).x.shape == (8, 8, 12, 3)
    assert "image_size" in refused(tmp_path / "large", SettingError, image_size=0)


def test_train_and_test_folders_give_the_official_test_and_validation_counts_as_train(tmp_path):
    for part in ("train", "val", "test"):
        folder_of(tmp_path / part, n=2)
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.official_test.tolist() == [name.startswith("test/") for name in data.ids]
    assert any("val/" in note for note in data.notes)


@pytest.mark.parametrize("parts", [("train", "test"), ("training", "test"), ("train", "Testing"), ("TRAINING", "TEST")])
def test_a_split_is_seen_whatever_its_case_and_whatever_lies_beside_it_without_images(tmp_path, parts):
    for part in parts:
        folder_of(tmp_path / part, n=2)
    for other in ("notes/readme.txt", "__MACOSX/train/cat/x.txt"):
        (tmp_path / other).parent.mkdir(parents=True)
        (tmp_path / other).write_text("no image")
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.official_test.tolist() == [name.startswith(parts[1]) for name in data.ids]
    assert "folder 'notes' holds no image and is left out" in data.notes


@pytest.mark.parametrize(
    ("folders", "word"),
    [
        (("train", "test", "extra"), "train"),
        (("test", "more"), "no train/"),
        (("Validation", "test"), "no train/"),
        (("training", "more"), "more/"),
    ],
)
def test_a_split_that_is_not_understood_is_never_learned_as_classes(tmp_path, folders, word):
    for part in folders:
        folder_of(tmp_path / part, n=2)
    said = refused(tmp_path)
    assert "would be taken for a class, but holds 2 folders with images" in said
    assert word in said


def test_plain_class_folders_may_be_called_train(tmp_path):
    folder_of(tmp_path, classes=("bus", "train"))
    assert load(tmp_path).classes == ("bus", "train")


def test_labels_that_only_the_test_part_has_are_named(tmp_path):
    folder_of(tmp_path / "train")
    folder_of(tmp_path / "test", classes=("cat", "emu"))
    assert "'emu' (4 images)" in refused(tmp_path, LabelError)


def test_a_list_of_labels_gives_labels_and_groups(tmp_path):
    for i in range(6):
        save(tmp_path / "all" / f"{i}.png", noise(i, 5, 5, 3))
    lines = [f"all/{i}.png,{'ab'[i % 2]},p{i // 2}" for i in range(6)]
    (tmp_path / "labels.csv").write_text("file,label,group\n" + "\n".join(lines) + "\nall/gone.png,a,p9\n")
    data = load(tmp_path)
    assert data.classes == ("a", "b")
    assert data.y.tolist() == [0, 1] * 3
    assert data.groups.tolist() == [0, 0, 1, 1, 2, 2]
    assert data.skipped[0].id == "all/gone.png"
    assert "line 8" in data.skipped[0].reason
    assert "gone.png" in refused(tmp_path, strict=True)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../b.png", "a\\b.png"])
def test_a_list_cannot_name_files_outside_its_folder(tmp_path, name):
    folder_of(tmp_path)
    (tmp_path / "labels.csv").write_text(f"file,label\ncat/0.png,a\n{name},b\n")
    assert "line 3" in refused(tmp_path)


def test_bad_files_are_skipped_by_name_and_strict_makes_them_fatal(tmp_path):
    made = folder_of(tmp_path)
    (tmp_path / "cat" / "1.png").write_bytes((tmp_path / "cat" / "1.png").read_bytes()[:60])
    (tmp_path / "cat" / "text.png").write_text("I am a text, whatever my name says")
    (tmp_path / "dog" / "empty.jpg").write_bytes(b"")
    (tmp_path / "dog" / "readme.txt").write_text("no image")
    for _ in range(2):  # decoded, then from the cache
        data = load(tmp_path)
        assert {skipped.id: skipped.reason.split()[0] for skipped in data.skipped} == {
            "cat/1.png": "cannot",
            "cat/text.png": "text,",
            "dog/empty.jpg": "empty",
        }
        assert len(data) == 7
        for row, name in enumerate(data.ids):
            assert np.array_equal(data.x[row], made[name])
        assert any(".txt 1" in note for note in data.notes)
        assert "cat/1.png" in refused(tmp_path, strict=True)


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")
def test_links_in_a_circle_pipes_and_hidden_files_never_block(tmp_path):
    folder_of(tmp_path)
    (tmp_path / "cat" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "cat" / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "cat" / ".hidden.png").write_text("x")
    os.mkfifo(tmp_path / "dog" / "pipe.png")
    data = load(tmp_path)
    assert len(data) == 8
    assert {skipped.id for skipped in data.skipped} == {"cat/loop", "cat/dangling.png", "dog/pipe.png"}


def test_folders_that_cannot_be_learned_from_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "the folder is empty" in refused(tmp_path / "empty")
    folder_of(tmp_path / "one", classes=("cat",))
    (tmp_path / "one" / "dog").mkdir()
    assert "Only one class: 'cat'" in refused(tmp_path / "one", LabelError)
    save(tmp_path / "flat" / "a.png", noise(1, 4, 4))
    assert "no class folder" in refused(tmp_path / "flat")
    for name in "ab":
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "x.png").write_text("text")
    assert "none of 2 files" in refused(tmp_path / "bad")
    (tmp_path / "sounds" / "a").mkdir(parents=True)
    (tmp_path / "sounds" / "a" / "x.wav").write_bytes(b"RIFF")
    assert "sounds" in refused(tmp_path / "sounds")


def test_class_names_that_look_alike_are_pointed_out(tmp_path):
    folder_of(tmp_path, classes=("caf\u00e9", "cafe\u0301", "dog", "Dog "))
    notes = " ".join(load(tmp_path).notes)
    assert "Unicode" in notes
    assert "'Dog '" in notes


def test_the_second_load_decodes_nothing_and_maps_the_array(tmp_path, monkeypatch):
    folder_of(tmp_path)
    first = load(tmp_path)

    def never(*_, **__):
        raise AssertionError("decoded again")

    monkeypatch.setattr(importing, "decode_files", never)
    second = load(tmp_path)
    assert isinstance(second.x, np.memmap)
    assert np.array_equal(first.x, second.x)
    assert second.notes == ()
    os.utime(tmp_path / "cat" / "0.png", (1, 1))  # touched, not changed
    assert load(tmp_path).notes == ()


def test_changed_added_and_removed_files_are_named_and_imported_anew(tmp_path):
    folder_of(tmp_path)
    load(tmp_path)
    changed = save(tmp_path / "cat" / "0.png", noise(77, 6, 5, 3))
    save(tmp_path / "dog" / "new.png", noise(78, 6, 5, 3))
    (tmp_path / "dog" / "1.png").unlink()
    data = load(tmp_path)
    notes = " | ".join(data.notes)
    assert "1 file was changed since the import on" in notes
    assert "cat/0.png" in notes
    assert "added" in notes
    assert "dog/new.png" in notes
    assert "removed" in notes
    assert np.array_equal(data.x[0], changed)
    assert load(tmp_path).notes == ()


@pytest.mark.parametrize("damage", ["cut array", "other array", "cut manifest", "lying manifest", "no array"])
def test_a_damaged_cache_is_made_anew(tmp_path, own_cache, damage):
    folder_of(tmp_path)
    expected = np.array(load(tmp_path).x)
    (manifest,) = own_cache.glob("imports/*/manifest.json")
    array = manifest.with_name("images.npy")
    if damage == "cut array":
        array.write_bytes(array.read_bytes()[:200])
    elif damage == "other array":
        np.save(array, np.zeros((2, 2)))
    elif damage == "cut manifest":
        manifest.write_text(manifest.read_text()[:100])
    elif damage == "lying manifest":
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "shape": [8, 60, 5, 3]}))
    else:
        array.unlink()
    assert np.array_equal(load(tmp_path).x, expected)


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path, own_cache, monkeypatch):
    made = folder_of(tmp_path)
    (tmp_path / "cat" / "bad.png").write_text("text")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "_reserve", full)
    data = load(tmp_path)
    assert np.array_equal(data.x[0], made["cat/0.png"])
    assert len(data) == 8
    assert any("No space left on device" in note for note in data.notes)
    assert not list(own_cache.rglob("*.np*"))
    assert not list(own_cache.rglob("*.tmp"))


def test_what_a_killed_import_left_is_cleared(tmp_path, own_cache):
    folder_of(tmp_path)
    load(tmp_path)
    (manifest,) = own_cache.glob("imports/*/manifest.json")
    manifest.unlink()
    left = manifest.with_name(".images.4194999.abcd.tmp")  # no process has this number
    left.write_bytes(b"half")
    load(tmp_path)
    assert not left.exists()


def test_worker_processes_give_what_one_process_gives(tmp_path):
    names = [f"{i:03d}.png" for i in range(300)]
    made = [save(tmp_path / "in" / name, noise(i, 4, 4, 3)) for i, name in enumerate(names)]
    (tmp_path / "in" / names[7]).write_bytes(b"damaged")
    sizes = [(tmp_path / "in" / name).stat().st_size for name in names]
    form = importing.Form(4, 4, 3, True)
    seen, calls = [], []

    def progress(*call):
        calls.append(call)

    for workers in (0, 2):
        output = tmp_path / f"out{workers}"
        output.write_bytes(bytes(16 + 300 * 48))
        decoded = decoding.decode_files(
            tmp_path / "in", names, sizes, form, output, 16, progress=progress, workers=workers
        )
        assert calls[-1] == (300, 300, "images")
        assert list(decoded.bad) == [7]
        seen.append((output.read_bytes(), decoded.sha256))
    assert seen[0] == seen[1]
    rows = np.frombuffer(seen[0][0][16:], np.uint8).reshape(300, 4, 4, 3)
    assert all(np.array_equal(rows[i], made[i]) for i in range(300) if i != 7)


def test_a_file_that_kills_its_worker_is_named_and_the_others_are_kept(tmp_path, monkeypatch):
    names = [f"{i}.png" for i in range(5)]
    for i, name in enumerate(names):
        save(tmp_path / name, noise(i, 4, 4, 3))
    killer = tmp_path / "killer.py"
    killer.write_text(
        "import os, heldout.data.decode_worker as worker\n"
        "decode = worker.decode_chunk\n"
        "def chunk(reader, names, sizes, form):\n"
        "    if '3.png' in names:\n"
        "        os._exit(9)\n"
        "    return decode(reader, names, sizes, form)\n"
        "worker.decode_chunk = chunk\n"
        "worker.main()\n"
    )
    start = decoding.subprocess.Popen

    def killing(command, **options):
        return start([*command[:2], str(killer)], **options)

    monkeypatch.setattr(decoding.subprocess, "Popen", killing)
    output = tmp_path / "out"
    output.write_bytes(bytes(5 * 48))
    sizes = [(tmp_path / name).stat().st_size for name in names]
    decoded = decoding.decode_files(tmp_path, names, sizes, importing.Form(4, 4, 3, True), output, 0, workers=1)
    assert decoded.bad == {3: "the decoder crashed or hung on it"}
    rows = np.frombuffer(output.read_bytes(), np.uint8).reshape(5, 4, 4, 3)
    assert np.array_equal(rows[4], noise(4, 4, 4, 3))
