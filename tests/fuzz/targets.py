"""Every target: each module named here adds its own to ``TARGETS``."""

from __future__ import annotations

import door_targets  # noqa: F401
import file_targets  # noqa: F401
import question_targets  # noqa: F401
import reader_targets  # noqa: F401
import saved_targets  # noqa: F401
from target import TARGETS

__all__ = ["TARGETS"]
