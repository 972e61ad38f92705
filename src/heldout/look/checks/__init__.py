"""The checks of a look, in the order in which they run. To add one: a file in this folder, and its line here."""

from __future__ import annotations

from heldout.look.check import Check
from heldout.look.checks.alike_classes import AlikeClasses
from heldout.look.checks.background_cue import BackgroundCue
from heldout.look.checks.blank_image import BlankImage
from heldout.look.checks.clipped_sound import ClippedSound
from heldout.look.checks.code_for_missing import CodeForMissing
from heldout.look.checks.constant_column import ConstantColumn
from heldout.look.checks.copies import CopiedRows
from heldout.look.checks.copies_across_split import CopiesAcrossSplit
from heldout.look.checks.copies_between_classes import CopiesBetweenClasses
from heldout.look.checks.duplicate_column import DuplicateColumn
from heldout.look.checks.far_out_values import FarOutValues
from heldout.look.checks.few_groups import FewGroups
from heldout.look.checks.file_cue import FileCue
from heldout.look.checks.groups_in_names import GroupsInNames
from heldout.look.checks.id_column import IdColumn
from heldout.look.checks.imbalance import Imbalance
from heldout.look.checks.leaking_column import LeakingColumn
from heldout.look.checks.level_cue import LevelCue
from heldout.look.checks.memory_pays import MemoryPays
from heldout.look.checks.missing_values import MissingValues
from heldout.look.checks.offset_sound import OffsetSound
from heldout.look.checks.outliers import Outliers
from heldout.look.checks.padded_sound import PaddedSound
from heldout.look.checks.rare_class import RareClass
from heldout.look.checks.repeats_by_chance import RepeatsByChance
from heldout.look.checks.silent_sound import SilentSound
from heldout.look.checks.suspicious_label import SuspiciousLabel
from heldout.look.checks.unusable_file import UnusableFile

CHECKS: tuple[Check, ...] = (
    Imbalance(),
    RareClass(),
    FewGroups(),
    AlikeClasses(),
    UnusableFile(),
    RepeatsByChance(),
    CopiesBetweenClasses(),
    CopiesAcrossSplit(),
    CopiedRows(),
    GroupsInNames(),
    LeakingColumn(),
    ConstantColumn(),
    IdColumn(),
    DuplicateColumn(),
    MissingValues(),
    CodeForMissing(),
    FarOutValues(),
    Outliers(),
    BlankImage(),
    BackgroundCue(),
    SilentSound(),
    ClippedSound(),
    OffsetSound(),
    PaddedSound(),
    LevelCue(),
    FileCue(),
    SuspiciousLabel(),
    MemoryPays(),
)
