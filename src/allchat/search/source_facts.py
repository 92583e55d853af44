"""What counts of each source, whatever is asked: by its language and by whom it is written for."""

from __future__ import annotations

from typing import Final

import numpy as np

from allchat.search.schema import is_open
from allchat.search.store import Store
from allchat.sources.audience import is_for_families

PROFESSIONAL: Final = 0.85
"""What a score counts where a source is written for others than families: one for families leads that is all but as
good (``SECOND`` in ``answering.quotes``), and none for others stands second behind it."""


class SourceFacts:
    """Of each block, ``(block_count,)`` each: ``counts``, what is left of its score, 0 where its source is not
    searched; whether that is ``foreign``, in another language than what is searched for, and whether ``professional``.
    """

    def __init__(self, index: Store) -> None:
        languages, audiences = index.told("language"), index.told("audience")
        counts = {
            key: float(is_open(languages[key], asked_in=index.language))
            * (1.0 if is_for_families(audiences[key]) else PROFESSIONAL)
            for key in languages
        }
        self.counts = np.ones(index.block_count)
        self.foreign, self.professional = (np.zeros(index.block_count, dtype=bool) for _ in range(2))
        if set(counts.values()) != {1.0} or set(languages.values()) != {index.language}:
            documents = index.documents_of_blocks()
            self.counts = np.array([counts[key] for key in documents], dtype=np.float64)
            self.foreign = np.array([languages[key] != index.language for key in documents], dtype=bool)
            self.professional = np.array([not is_for_families(audiences[key]) for key in documents], dtype=bool)

    @property
    def has_own_language(self) -> bool:
        """Whether beside sources in another language one is in that of what is searched for."""
        return bool(self.foreign.any() and not self.foreign.all())
