"""What can go wrong, by what a caller would do about it.

Every message says what was found, where, and what to do: ``what``, ``where`` and ``fix`` are attributes, so that
a program can read them and the command line can lay them out.
"""

from __future__ import annotations


class HeldoutError(Exception):
    """Base of every error that heldout raises on purpose.

    Parameters
    ----------
    what : str
        What was found, with numbers and the first case.
    where : str
        File, row or column; empty if the call itself is the place.
    fix : str
        What the user can do about it, in a form that can be pasted where possible.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(what, where, fix)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\nFix: {self.fix}" if self.fix else text


class DataError(HeldoutError, ValueError):
    """The data cannot be used as they are."""


class ShapeError(DataError):
    """Arrays or files disagree on their shape."""


class LabelError(DataError):
    """Labels are missing, unknown, or too few of a class."""


class LeakageError(DataError):
    """Something that must stay unseen would have been seen."""


class SettingError(HeldoutError, ValueError):
    """A setting or an option is not possible."""


class TrainingError(HeldoutError, RuntimeError):
    """The data and settings were fine, and training failed all the same."""


class ArtifactError(HeldoutError, ValueError):
    """A file that heldout wrote (bundle, run folder, ledger, cache) is damaged, foreign or hostile."""


class MissingExtraError(HeldoutError, ImportError):
    """An optional part is not installed."""


def require(module: str, *, extra: str, needed_by: str) -> None:
    """Raise `MissingExtraError` unless ``module`` can be found; nothing is imported."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise MissingExtraError(
            f"{needed_by} needs {module}, which is not installed",
            fix=f"pip install 'heldout[{extra}]'",
        )
