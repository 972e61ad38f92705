import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from heldout.data.images import BadImageError, Form, decode, read_image
from heldout.data.plain_png import decode_plain_png
from heldout.errors import DataError


def encoded(image, format="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def pixels(image, **options):
    return np.asarray(decode(encoded(image, **options), None))


RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_give_the_pixels_back(format):
    assert np.array_equal(pixels(Image.fromarray(RGB), format=format), RGB)
    assert np.array_equal(pixels(Image.fromarray(GREY), format=format), GREY)


def test_sixteen_bits_become_eight_by_rounding():
    values = np.array([[0, 128, 129, 257, 32768, 65406, 65407, 65535]], dtype=np.uint16)
    expected = np.rint(values.astype(float) * 255 / 65535).astype(np.uint8)
    assert np.array_equal(pixels(Image.fromarray(values)), expected)
    assert np.array_equal(pixels(Image.fromarray(values), format="TIFF"), expected)


def test_transparency_is_laid_on_white():
    alpha = RNG.integers(0, 256, (5, 7, 1), dtype=np.uint8)
    seen = pixels(Image.fromarray(np.concatenate([RGB, alpha], axis=2)))
    expected = RGB * (alpha / 255) + 255 * (1 - alpha / 255)
    assert np.abs(seen - expected).max() <= 1
    seen = pixels(Image.fromarray(np.dstack([GREY, alpha[..., 0]])))
    assert seen.shape == (5, 7)
    assert np.abs(seen - (GREY * (alpha[..., 0] / 255) + 255 - alpha[..., 0].astype(float))).max() <= 1


def test_palettes_become_colours_and_their_transparent_entry_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.putdata([0, 1])
    assert pixels(image).tolist() == [[[10, 20, 30], [200, 0, 0]]]
    assert pixels(image, transparency=1).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_cmyk_black_and_white_and_bilevel_are_converted():
    assert pixels(Image.new("CMYK", (2, 2), (0, 0, 0, 0)), format="TIFF").tolist() == [[[255] * 3] * 2] * 2
    assert pixels(Image.new("1", (2, 1), 1)).tolist() == [[255, 255]]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_as_pillow_applies_it(format, orientation):
    from PIL import ImageOps

    image = Image.fromarray(RGB)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, format, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(np.asarray(decode(data, None)), np.asarray(expected))


def test_of_an_animation_the_first_frame_counts():
    first, second = Image.new("L", (3, 3), 10), Image.new("L", (3, 3), 200)
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert np.asarray(decode(data, None)).max() == 10


def test_another_size_is_scaled_and_centred_on_black():
    white = Image.new("RGB", (40, 20), (255, 255, 255))
    seen = np.asarray(decode(encoded(white), Form(64, 64, 3, False)))
    assert seen.shape == (64, 64, 3)
    assert (seen[16:48] == 255).all()
    assert (seen[:16] == 0).all()
    assert (seen[48:] == 0).all()


def test_one_new_image_is_read_by_the_same_rule(tmp_path):
    spec = {"kind": "images", "height": 5, "width": 7, "channels": 3, "rule": "keep"}
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(RGB)))
    assert np.array_equal(read_image(tmp_path / "a.png", spec), RGB)
    grey = read_image(encoded(Image.fromarray(RGB)), {**spec, "channels": 1})
    assert grey.shape == (5, 7, 1)
    with pytest.raises(DataError, match="text, not an image"):
        read_image(b"hello, I am no image at all", spec)
    with pytest.raises(DataError, match="cannot be read"):
        read_image(tmp_path / "none.png", spec)


def png_header(width, height):
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    chunk = b"IDAT" + data
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
        + struct.pack(">I", len(data)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )  # fmt: skip


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000, 2_000_000_000])
def test_a_huge_image_is_refused_from_its_header(side, monkeypatch):
    def load(image):
        raise AssertionError("pixels are being decoded")

    data = png_header(side, side)
    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    tracemalloc.start()
    try:
        with pytest.raises(BadImageError, match=r"megapixels|cannot be decoded"):
            decode(data, None)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_every_truncation_of_a_png_and_a_jpeg_is_refused():
    for format in ("PNG", "JPEG"):
        data = encoded(Image.fromarray(RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)), format)
        whole = np.asarray(decode(data, None))
        for cut in range(len(data)):
            try:
                seen = np.asarray(decode(data[:cut], None))
            except BadImageError:
                continue
            assert np.array_equal(seen, whole), f"{format} cut at {cut} of {len(data)} gave other pixels"


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (b"hello text", "text"), (b"\0\1\2" * 9, "not an image")])
def test_what_is_no_image_is_named_for_what_it_is(data, reason):
    with pytest.raises(BadImageError, match=reason):
        decode(data, None)


def test_floating_point_and_32_bit_images_are_refused():
    for image in (Image.new("F", (2, 2), 0.5), Image.new("I", (2, 2), 70_000)):
        with pytest.raises(BadImageError, match="bits"):
            decode(encoded(image, "TIFF"), None)


PLAIN = [encoded(Image.fromarray(array)) for array in (RGB, GREY)]


@pytest.mark.parametrize("data", PLAIN)
def test_the_short_cut_for_plain_pngs_takes_plain_pngs(data):
    expected = np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(np.asarray(decode_plain_png(data, 10**6)), expected)
    assert decode_plain_png(data, 34) is None


def with_valid_sums(data):
    """The same chunks with their checksums made anew, so that damage reaches the decoder."""
    out, position = bytearray(data[:8]), 8
    while position + 12 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        body = data[position + 4 : position + 8 + size]
        out += data[position : position + 4] + body + struct.pack(">I", zlib.crc32(body))
        position += 12 + size
    return bytes(out + data[position:])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLAIN), st.lists(st.tuples(st.integers(8, 400), st.integers(0, 255)), max_size=3), st.booleans())
def test_the_short_cut_gives_what_the_long_way_gives(data, changes, repair):
    damaged = bytearray(data)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    damaged = with_valid_sums(bytes(damaged)) if repair else bytes(damaged)
    short = decode_plain_png(damaged, 10**6)
    if short is not None:
        long = Image.open(io.BytesIO(damaged))
        assert np.array_equal(np.asarray(short), np.asarray(long.convert(short.mode)))


SAMPLES = [encoded(Image.fromarray(RGB), format) for format in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6))
def test_damaged_bytes_are_decoded_or_refused_and_nothing_else(data, changes):
    damaged = bytearray(data)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    try:
        image = decode(bytes(damaged), Form(8, 8, 3, False))
    except BadImageError:
        return
    assert image.mode == "RGB"
    assert image.size == (8, 8)
