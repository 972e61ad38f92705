"""Load damaged bundles by the thousand; run as a program of its own, so that a crash of the reader is seen as one.

    python hostile_bundles.py SOURCES WORK MODE COUNT SEED

SOURCES holds good bundles, each with a ``rows.npy`` beside it (``NAME.rows.npy``). The last line on standard output
is JSON: how often a damaged bundle was refused, loaded, and what went wrong.
"""

import copy
import hashlib
import json
import os
import resource
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

from heldout.deploy.bundle import load_bundle
from heldout.deploy.tensors import pack_arrays, unpack_arrays
from heldout.errors import ArtifactError, HeldoutError

HEADER, ARRAYS, SUMS = "header.json", "arrays.safetensors", "SHA256SUMS"
NASTY = [
    None, True, False, -1, 0, 1, 2, 7, 255, 2**31 - 1, 2**31, 2**63, 10**30, -(10**30), 0.5, -1e308, 1e308,
    "", "x", "net", "svm", "pipeline", "__class__", "os.system", "a" * 5000, [], {}, [[]], [1], ["0"], [None], [-1],
    {"kind": "dummy"}, {"": ""}, [[[[[[[[[[]]]]]]]]]],
]  # fmt: skip
NASTY_NUMBERS = [-1, 0, 1, 2, 3, 1000, 2**31 - 1, -(2**31), 2**62, np.nan, np.inf, -np.inf, 1e300, -2]


def sums_of(header, arrays):
    return "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in ((HEADER, header), (ARRAYS, arrays))
    ).encode()


def damage_bytes(files, rng):
    """Flip, cut, swap, repeat or fill bytes of one of the three files; the sums stay as they were."""
    files = dict(files)
    name = [HEADER, ARRAYS, SUMS][rng.integers(3)]
    content = bytearray(files[name])
    how = rng.integers(8)
    at = int(rng.integers(len(content)))
    if how <= 2:
        content[at] ^= 1 << int(rng.integers(8))
    elif how == 3:
        content = content[:at]
    elif how == 4:
        content = content + bytes(rng.integers(0, 256, int(rng.integers(1, 300)), dtype=np.uint8))
    elif how == 5:
        end = at + int(rng.integers(1, 64))
        content[at:end] = bytes([int(rng.integers(256))]) * len(content[at:end])
    elif how == 6:
        other = [HEADER, ARRAYS, SUMS][rng.integers(3)]
        content = bytearray(files[other])
        if other == name:
            content = bytearray()
    else:
        content[:8] = int(rng.integers(2**62)).to_bytes(8, "little")
    files[name] = bytes(content)
    return files


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(min(len(value), 4)):
            yield from places(value[index], (*path, index))


def damage_header(header, rng):
    spots = [path for path in places(header) if path]
    path = spots[rng.integers(len(spots))]
    holder = header
    for key in path[:-1]:
        holder = holder[key]
    how = rng.integers(5)
    if how == 0 and isinstance(holder, dict):
        del holder[path[-1]]
    elif how == 1 and isinstance(holder, dict):
        holder["extra"] = holder[path[-1]]
    elif how == 2:
        other = header
        for key in spots[rng.integers(len(spots))]:
            other = other[key]
        holder[path[-1]] = json.loads(json.dumps(other))
    elif how == 3 and type(holder[path[-1]]) in (int, float):
        holder[path[-1]] = holder[path[-1]] * int(rng.integers(-3, 5)) + int(rng.integers(-2, 3))
    else:
        holder[path[-1]] = copy.deepcopy(NASTY[rng.integers(len(NASTY))])


def damage_arrays(arrays, rng):
    key = list(arrays)[rng.integers(len(arrays))]
    array = arrays[key].copy()
    how = rng.integers(8)
    if how <= 3 and array.size:
        for _ in range(int(rng.integers(1, 4))):
            number = NASTY_NUMBERS[rng.integers(len(NASTY_NUMBERS))]
            if rng.random() < 0.3:
                number = int(rng.integers(-3, array.size + 3))
            with np.errstate(all="ignore"):
                array.reshape(-1)[rng.integers(array.size)] = np.array(number, dtype=np.float64).astype(array.dtype)
    elif how == 4:
        with np.errstate(all="ignore"):
            array = array.astype([np.float64, np.float32, np.int32, np.int64, np.uint8, np.bool_][rng.integers(6)])
    elif how == 5:
        shapes = [array[:-1], array.reshape(-1), array[..., None], np.concatenate([array, array]), array[:0], array.T]
        array = np.ascontiguousarray(shapes[rng.integers(len(shapes))])
    elif how == 6:
        other = list(arrays)[rng.integers(len(arrays))]
        arrays[other], array = arrays[key], arrays[other]
    elif rng.random() < 0.5:
        arrays["9999.extra"] = array
    else:
        del arrays[key]
        return
    arrays[key] = array


def damage_blob(blob, rng):
    """Change what the safetensors header claims."""
    length = int.from_bytes(blob[:8], "little")
    header = json.loads(blob[8 : 8 + length])
    for _ in range(int(rng.integers(1, 3))):
        damage_header(header, rng)
    text = json.dumps(header).encode()
    if rng.random() < 0.1:
        text = b"[" * int(rng.integers(10, 200_000))
    return len(text).to_bytes(8, "little") + text + blob[8 + length :]


def damage_meaning(files, rng):
    """Change header or arrays, and make the sums right again."""
    header, blob = json.loads(files[HEADER]), files[ARRAYS]
    arrays = unpack_arrays(blob, where="")
    how = rng.integers(10)
    for _ in range(int(rng.integers(1, 3))):
        if how <= 3:
            damage_header(header, rng)
        elif how <= 8 and arrays:
            damage_arrays(arrays, rng)
    if 4 <= how <= 8:
        blob = pack_arrays(arrays)
    elif how == 9:
        blob = damage_blob(blob, rng)
    text = json.dumps(header).encode()
    return {HEADER: text, ARRAYS: blob, SUMS: sums_of(text, blob)}


def kilobytes(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise RuntimeError(field)


def main():
    sources, work, mode, count, seed = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6]
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(int(seed))
    good = []
    for folder in sorted(path for path in sources.iterdir() if path.is_dir()):
        rows = np.load(sources / f"{folder.name}.rows.npy")
        files = {name: (folder / name).read_bytes() for name in (HEADER, ARRAYS, SUMS)}
        good.append((folder.name, files, rows, load_bundle(folder).probabilities(rows)))
    damage = {"bytes": damage_bytes, "meaning": damage_meaning}[mode]
    largest = max(sum(map(len, files.values())) for _, files, _, _ in good)
    allowed_kb = largest // 1024 + 64 * 1024
    before = kilobytes("VmRSS")
    address_space = kilobytes("VmSize") * 1024 + allowed_kb * 1024 + 128 * 2**20  # room for threads' stacks
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    result = {"refused": 0, "same": 0, "other": 0, "refused_rows": 0, "slowest": 0.0, "faults": []}
    folder = work / "model"
    folder.mkdir()
    for number in range(int(count)):
        name, files, rows, expected = good[number % len(good)]
        damaged = damage(files, rng)
        for file_name, content in damaged.items():
            (folder / file_name).write_bytes(content)
        (work / "last").write_text(f"{mode} {number} {name}")  # tells which one it was, after a crash
        began = time.process_time()
        try:
            bundle = load_bundle(folder)
            loaded = time.process_time()
            found = bundle.probabilities(rows)
            same = found.shape == expected.shape and np.array_equal(found, expected)
            result["same" if same else "other"] += 1
            began += time.process_time() - loaded
        except ArtifactError as error:
            result["refused"] += 1
            if not str(error).strip():
                result["faults"].append(f"{number} {name}: no message")
        except HeldoutError:
            result["refused_rows"] += 1
        except BaseException:
            result["faults"].append(f"{number} {name}: {traceback.format_exc()[-900:]}")
            shutil.copytree(folder, work / f"fault{number}", dirs_exist_ok=True)
        result["slowest"] = max(result["slowest"], time.process_time() - began)
        if len(result["faults"]) > 20:
            break
    # Not ru_maxrss: that begins with the size of the process that started this one.
    result["grown_kb"] = kilobytes("VmHWM") - before
    result["allowed_kb"] = allowed_kb
    result["torch"] = "torch" in sys.modules
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
