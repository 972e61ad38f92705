"""One image, decoded by stated rules; training and prediction go through the same lines.

- PNG, JPEG, BMP, GIF, TIFF and WebP are read, known by their content and not by their name. The header is read first:
  more than 64 megapixels are refused before any pixel is decoded. Truncated files are refused.
- EXIF orientation is applied (EXIF that cannot be read counts as none). Of an animation the first frame counts.
- 16-bit grey is converted to 8 bits, ``round(value * 255 / 65535)``; of 16-bit colour, Pillow keeps the high bytes.
  32-bit and floating-point images are refused.
- Transparency is laid on white. Palette and CMYK become RGB.
- One channel if the file is grey, else three; a set has one channel only if every file is grey.
- Where sizes differ, an image is scaled to fit, proportions kept (bilinear with antialiasing), and centred on black.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from heldout.data.cache import read_whole
from heldout.data.media import Media
from heldout.data.plain_png import decode_plain_png
from heldout.errors import DataError

if TYPE_CHECKING:
    import numpy as np

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".tif", ".tiff", ".webp")
IMAGES = Media(SUFFIXES, "image", "images", "image.png")
MAX_PIXELS = 64 * 2**20
MAX_FILE_BYTES = 512 * 2**20
KEEP_SIDE = 64  # images of one size are kept as they are up to this side
FIT_SIDE = 64
_GREY = ("1", "L", "LA", "La")


class BadImageError(Exception):
    """No image that can be used; the message says why."""


class MismatchError(Exception):
    """The image does not have the size ('size') or the channels ('colour') that the set was thought to have."""


@dataclass(frozen=True)
class Form:
    """The form of every image of a set.

    Attributes
    ----------
    height, width, channels : int
    exact : bool
        Whether all images are thought to have this size already.
    """

    height: int
    width: int
    channels: int
    exact: bool

    def as_input(self) -> dict[str, Any]:
        """The plain mapping that goes into a bundle."""
        rule = "keep" if self.exact else "fit"
        return {
            "kind": "images",
            "height": self.height,
            "width": self.width,
            "channels": self.channels,
            "rule": rule,
        }


def decode(data: bytes, form: Form | None, *, insist: bool = False) -> Image.Image:
    """Decode the bytes of one image file into mode L or RGB.

    Parameters
    ----------
    data : bytes
        The whole file.
    form : Form or None
        Size and channels to bring it to; None: as the file has them.
    insist : bool, default=False
        Raise `MismatchError` rather than change the size of an exact form, or turn colour into grey.

    Raises
    ------
    BadImageError
        If it cannot be decoded, is truncated, too large, or of a kind that is refused.
    MismatchError
        See `insist`.
    """
    if not data:
        raise BadImageError("empty file")
    plain = decode_plain_png(data, MAX_PIXELS)
    if plain is not None:
        return _brought_to(plain, form, insist)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters raises
        try:
            return _decode(data, form, insist)
        except (BadImageError, MismatchError):
            raise
        except Image.UnidentifiedImageError:
            raise BadImageError(_unidentified(data)) from None
        except Image.DecompressionBombError:
            raise BadImageError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels") from None
        except Exception as error:  # decoders fed with hostile bytes raise nearly anything
            raise BadImageError(f"cannot be decoded ({str(error)[:120] or type(error).__name__})") from None


def _unidentified(data: bytes) -> str:
    head = data[:512]
    if not any(byte < 9 for byte in head):
        return "text, not an image"
    return "not an image that is read (PNG, JPEG, BMP, GIF, TIFF, WebP)"


def _decode(data: bytes, form: Form | None, insist: bool) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImageError(f"{width} x {height} pixels; at most {MAX_PIXELS / 1e6:.0f} megapixels are read")
    if form is not None and not form.exact and image.format == "JPEG":
        image.draft(None, (2 * form.width, 2 * form.height))  # decode no more detail than twice what is kept
    image.load()
    if image.mode not in ("RGB", "L") or image.info or image.format == "TIFF":
        image = _upright(_plain(image), image)
    return _brought_to(image, form, insist)


def _brought_to(image: Image.Image, form: Form | None, insist: bool) -> Image.Image:
    """An image of mode L or RGB in the channels and size of the form."""
    if form is None:
        return image
    is_grey = image.mode == "L"
    if is_grey != (form.channels == 1):
        if insist and not is_grey:
            raise MismatchError("colour")
        image = image.convert("RGB" if is_grey else "L")
    if image.size != (form.width, form.height):
        if insist and form.exact:
            raise MismatchError("size")
        image = fit(image, form.height, form.width)
    return image


def _upright(plain: Image.Image, original: Image.Image) -> Image.Image:
    """Turn by the EXIF orientation of the original, which conversions may drop."""
    if original.format not in ("TIFF", "WEBP") and not _may_hold_exif(original):
        return plain
    try:
        orientation = original.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF that cannot be read counts as none; the parser raises nearly anything
        return plain
    turn = _TURNS.get(orientation)
    return plain if turn is None else plain.transpose(turn)


_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _may_hold_exif(image: Image.Image) -> bool:
    return any("exif" in str(key).lower() or "xmp" in str(key).lower() for key in image.info)


def _plain(image: Image.Image) -> Image.Image:
    """The image in mode L or RGB."""
    mode = image.mode
    if mode == "F":
        raise BadImageError("floating-point pixels; save it with 8 or 16 bits")
    if mode.startswith("I"):
        return _from_16_bit(image)
    if mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        on_white = _on_white(image)
        return on_white.convert("L") if mode in _GREY else on_white
    if mode in ("L", "RGB"):
        return image
    return image.convert("L" if mode == "1" else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    if image.mode == "L":
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    import numpy as np

    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise BadImageError("32-bit pixels; save it with 8 or 16 bits")
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def fit(image: Image.Image, height: int, width: int) -> Image.Image:
    """Scale to fit into (height, width) with proportions kept, centred on black."""
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    scaled = image.resize(size, Image.Resampling.BILINEAR)
    if size == (width, height):
        return scaled
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas


def read_image(source: str | os.PathLike[str] | bytes, input: Mapping[str, Any]) -> np.ndarray:
    """Read one new image for a trained model, by the lines that read the training images.

    Parameters
    ----------
    source : path or bytes of an image file
    input : mapping
        The ``input`` of the dataset that the model was trained on.

    Returns
    -------
    uint8 array, shape (height, width, channels)

    Raises
    ------
    DataError
        If it cannot be decoded; says why.
    """
    import numpy as np

    form = Form(input["height"], input["width"], input["channels"], input.get("rule") == "keep")
    where = "image" if isinstance(source, bytes) else os.fspath(source)
    try:
        data = source if isinstance(source, bytes) else read_whole(Path(source), MAX_FILE_BYTES)
        image = decode(data, form)
    except BadImageError as error:
        raise DataError(str(error), where=where, fix="give a PNG, JPEG, BMP, GIF, TIFF or WebP image") from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", where=where, fix="check the path") from error
    return np.asarray(image).reshape(form.height, form.width, form.channels)
