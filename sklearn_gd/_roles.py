"""What rows are passed for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """What rows are for: whether features and classes are learnt or compared, and so on."""

    is_first: bool
    is_training: bool = True
    is_chunk: bool = False


FIT = Role(is_first=True)
FIRST_CHUNK = Role(is_first=True, is_chunk=True)
NEXT_CHUNK = Role(is_first=False, is_chunk=True)
VALIDATION = Role(is_first=False, is_training=False)
