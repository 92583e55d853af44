"""The network that reads a message piece by piece: what one piece says, and what all say that a query looks for.

The mean of a message drowns the one clause that tells of a wish to die in the question that stands beside it. So each
of one half of the units takes the most that any piece says to it, and those of the other half hear all pieces, each as
far as one of a few queries attends to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pieces = NDArray[np.floating[Any]]
"""What inner layers of the embedding model make of each word piece of a message: ``(p, l)``."""


@dataclass(frozen=True, slots=True)
class Network:
    """A hidden layer over pieces of ``l`` numbers, ``u`` units that take the most, ``h`` that are heard by ``q``
    queries (the first ``h / q`` units by the first), and what they say for each of ``c`` classes; all float32.

    ``most`` ``(l, u)``, ``heard`` ``(l, h)``, ``queries`` ``(l, q)``, ``last`` ``(u + h, c)``; ``most_bias``,
    ``heard_bias`` and ``last_bias`` stand beside them.
    """

    most: NDArray[np.float32]
    most_bias: NDArray[np.float32]
    heard: NDArray[np.float32]
    heard_bias: NDArray[np.float32]
    queries: NDArray[np.float32]
    last: NDArray[np.float32]
    last_bias: NDArray[np.float32]

    def sums(self, pieces: Pieces) -> NDArray[np.float64]:
        """The sum for each class ``(c,)``: the logarithm of its odds, up to one constant."""
        attention = pieces @ self.queries
        attention = np.exp(attention - attention.max(axis=0))
        attention /= attention.sum(axis=0)
        said = (pieces @ self.heard).reshape(len(pieces), self.queries.shape[1], -1)
        heard = np.einsum("pq,pqn->qn", attention, said).ravel() + self.heard_bias
        most = (pieces @ self.most).max(axis=0) + self.most_bias
        hidden = np.maximum(np.concatenate([most, heard]), 0.0)
        sums: NDArray[np.float64] = (hidden @ self.last + self.last_bias).astype(np.float64)
        return sums

    def packed(self) -> dict[str, NDArray[Any]]:
        """The weights in half the space; the biases, which are few, whole."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: array.astype(np.float16) if array.ndim > 1 else array for name, array in held.items()}

    @classmethod
    def unpacked(cls, held: Mapping[str, NDArray[Any]]) -> Network:
        """What ``packed`` gave, to three digits."""
        return cls(*(held[f"network_{field.name}"].astype(np.float32) for field in fields(cls)))
