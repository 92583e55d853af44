"""What counts of each source, whatever is asked: by its language and by whom it is written for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from allchat.search.schema import is_open
from allchat.search.store import Store
from allchat.sources.audience import is_for_families

PROFESSIONAL: Final = 0.85
"""What a score counts where a source is written for others than families: one for families leads that is all but as
good (``SECOND`` in ``answering.quotes``), and none for others stands second behind it."""


class SourceFacts:
    """Of each block, ``(block_count,)`` each: ``counts``, what is left of its score, 0 where its source is not
    searched; whether that is ``foreign``, in another language than what is searched for, and whether ``professional``.
    ``has_own_language`` tells that beside sources in another language one is in that of what is searched for.
    """

    def __init__(self, index: Store) -> None:
        languages, audiences = index.told("language"), index.told("audience")
        foreign = {key: language != index.language for key, language in languages.items()}
        professional = {key: not is_for_families(audience) for key, audience in audiences.items()}
        counts = {
            key: float(is_open(language, asked_in=index.language)) * (PROFESSIONAL if professional[key] else 1.0)
            for key, language in languages.items()
        }
        documents = cache(index.documents_of_blocks)
        self.counts = _of_blocks(counts, index.block_count, documents)
        self.foreign = _of_blocks(foreign, index.block_count, documents)
        self.professional = _of_blocks(professional, index.block_count, documents)
        self.has_own_language = len(set(foreign.values())) == 2


def _of_blocks(facts: Mapping[str, float], count: int, documents: Callable[[], Sequence[str]]) -> NDArray[Any]:
    """A fact of each document as one of each of ``count`` blocks; whose each is, is read only where they differ."""
    if len(set(facts.values())) == 1:
        return np.full(count, next(iter(facts.values())))
    return np.array([facts[key] for key in documents()])
