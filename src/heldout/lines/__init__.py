"""One parser for every little language of heldout: layers, preparation and augmentation.

A line is a list of steps with commas between them, each a word followed by its numbers and options:
``conv 32 3 same, relu, residual(conv 32 3 same, relu), dropout 0.5``. A `Language` is a table of `Word`; a word says
what it takes once, and everything else follows from that: parsing, ranges, messages, the form that help and
documentation show. An error shows the line, points at the word that is wrong, and offers the nearest one.
"""

from heldout.lines.fields import REQUIRED, Amount, Choice, Either, Field, Number, Quantity, Size, Text
from heldout.lines.language import Language, language
from heldout.lines.messages import complain, hint, nearest
from heldout.lines.words import Item, Line, Option, Word

__all__ = [
    "REQUIRED",
    "Amount",
    "Choice",
    "Either",
    "Field",
    "Item",
    "Language",
    "Line",
    "Number",
    "Option",
    "Quantity",
    "Size",
    "Text",
    "Word",
    "complain",
    "hint",
    "language",
    "nearest",
]
