"""Text and numbers as people read them."""

from __future__ import annotations

from heldout.wording import percent, plural

__all__ = ["duration", "percent", "plural", "visible", "with_error"]


def duration(seconds: float) -> str:
    """Write seconds as ``0.4 s``, ``12 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def with_error(mean: float | None, se: float | None) -> str:
    """Write a score with its standard error, three digits each; nothing for no score."""
    if mean is None:
        return ""
    return f"{mean:.3f} ± {se:.3f}" if se is not None else f"{mean:.3f}"


def visible(text: str) -> str:
    """Escape control characters and line breaks, so that a name in the data cannot steer or forge what is printed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
