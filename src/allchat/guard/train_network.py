"""Train: the network that reads a message piece by piece, with torch, which training needs and serving does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from allchat.guard.network import Network, Pieces

if TYPE_CHECKING:
    from torch import Tensor, nn

UNITS, QUERIES = 256, 16
"""Units of either half, and by how many queries those of the second half are heard."""

SEEDS = range(2)
"""In which orders messages are seen: which of a network's errors are chance is told by another order, so several stand
side by side and their mean speaks."""

PASSES, BATCH, STEP, DECAY, DROPPED, SMOOTHED = 6, 128, 1e-3, 0.05, 0.1, 0.05
"""How often each message is seen, how many of them make one step, the greatest step (it grows over the first tenth and
shrinks from there), how weights are held small, what share of numbers is left out at random, and what share of each
label is given to all classes alike."""

ALIKE = 20
"""Batches that are made of messages of like length are cut from so many at once: the shorter are padded little."""

LEAST_SPREAD = 1e-3
"""A number that varies less than this says nothing, and is not blown up into something that does."""

Weights = dict[str, NDArray[np.float64]]


def fitted_network(pieces: Sequence[Pieces], classes: Sequence[int], *, count: int) -> Network:
    """The mean of networks fitted to the pieces ``(p, l)`` of each message and its class of ``count``, as one network.

    Deterministic on one kind of processor. The logarithm of how common a class is among the messages is taken off its
    sum, so that every class counts as much as another (logit adjustment: Menon and others, 2021). A class without a
    message is never likely.
    """
    return joined([fitted(pieces, classes, count=count, seed=seed) for seed in SEEDS], classes, count=count)


def joined(networks: Sequence[Weights], classes: Sequence[int], *, count: int) -> Network:
    """Networks side by side: each unit is its own, the sums are their mean."""
    last = [network["last"].T / len(networks) for network in networks]
    halves = [np.vstack(half) for half in zip(*((each[:UNITS], each[UNITS:]) for each in last), strict=True)]
    common = _common(classes, count)
    bias = np.mean([network["last_bias"] for network in networks], axis=0)
    bias = np.where(common > 0, bias - np.log(np.maximum(common, 1e-9)), -50.0)
    columns = {name: np.hstack([network[name].T for network in networks]) for name in ("most", "heard", "queries")}
    biases = {
        f"{name}_bias": np.hstack([network[f"{name}_bias"] for network in networks]) for name in ("most", "heard")
    }
    held = columns | biases | {"last": np.vstack(halves), "last_bias": bias}
    return Network(**{name: array.astype(np.float32) for name, array in held.items()})


def fitted(pieces: Sequence[Pieces], classes: Sequence[int], *, count: int, seed: int) -> Weights:
    """The weights of one network, as they read pieces that are given as they are.

    What is seen is shifted to a mean of 0 and a spread of 1; the weights take that up.
    """
    import torch

    center, spread = _spread(pieces)
    lengths = np.array([len(each) for each in pieces])
    order = np.random.default_rng(seed)
    with _one_thread(), torch.random.fork_rng():
        torch.manual_seed(seed)
        network = _network(len(center), count)
        common = torch.from_numpy(np.log(np.maximum(_common(classes, count), 1e-9)))
        with torch.no_grad():  # it begins with how common each class is, and knows nothing else
            network.get_parameter("last.bias").copy_(common)
        steps = -(-len(pieces) // BATCH) * PASSES
        decayed = [weights for weights in network.parameters() if weights.ndim > 1]
        others = [weights for weights in network.parameters() if weights.ndim == 1]
        rule = torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}])
        pace = torch.optim.lr_scheduler.OneCycleLR(rule, STEP, total_steps=steps + 1, pct_start=0.1)
        for _ in range(PASSES):
            for rows in _batches(lengths, order):
                said = network(*_padded([(pieces[row] - center) / spread for row in rows]))
                wanted = torch.tensor([classes[row] for row in rows])
                loss = torch.nn.functional.cross_entropy(said, wanted, label_smoothing=SMOOTHED)
                rule.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                rule.step()
                pace.step()
    return _unshifted({name: value.double().numpy() for name, value in network.state_dict().items()}, center, spread)


def _network(size: int, count: int) -> nn.Module:
    """What ``Network`` is once it is trained."""
    import torch
    from torch.nn import functional

    class Training(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.most, self.heard = torch.nn.Linear(size, UNITS), torch.nn.Linear(size, UNITS)
            self.queries = torch.nn.Linear(size, QUERIES, bias=False)
            self.last = torch.nn.Linear(2 * UNITS, count)
            self.dropped = torch.nn.Dropout(DROPPED)

        def forward(self, pieces: Tensor, is_piece: Tensor) -> Tensor:
            least = torch.finfo(pieces.dtype).min
            there = is_piece[:, :, None]
            most = self.most(self.dropped(pieces)).masked_fill(~there, least).amax(1)
            attention = self.queries(pieces).masked_fill(~there, least).softmax(1)
            said = self.heard(self.dropped(pieces)).unflatten(2, (QUERIES, -1))
            heard = (attention[:, :, :, None] * said).sum(1).flatten(1)
            told: Tensor = self.last(self.dropped(functional.relu(torch.cat([most, heard], 1))))
            return told

    return Training()


def _common(classes: Sequence[int], count: int) -> NDArray[np.float64]:
    """The share of each class among the messages."""
    share: NDArray[np.float64] = np.bincount(classes, minlength=count) / len(classes)
    return share


def _unshifted(held: dict[str, Any], center: NDArray[np.float64], spread: NDArray[np.float64]) -> Weights:
    """The weights for pieces that are not shifted. A query attends to differences between pieces: it needs no bias."""
    weights: Weights = {"last": held["last.weight"], "last_bias": held["last.bias"]}
    for name in ("most", "heard", "queries"):
        weights[name] = held[f"{name}.weight"] / spread
    for name in ("most", "heard"):
        weights[f"{name}_bias"] = held[f"{name}.bias"] - weights[name] @ center
    return weights


def _spread(pieces: Sequence[Pieces]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread of each number over all pieces."""
    count = sum(map(len, pieces))
    center = np.sum([each.sum(axis=0, dtype=np.float64) for each in pieces], axis=0) / count
    square = np.sum([((each - center) ** 2).sum(axis=0, dtype=np.float64) for each in pieces], axis=0) / count
    return center, np.maximum(np.sqrt(square), LEAST_SPREAD)


def _batches(lengths: NDArray[np.int64], order: np.random.Generator) -> list[NDArray[np.int64]]:
    """The rows of each batch, all rows once: those of one batch are of like length, the batches in any order."""
    rows = order.permutation(len(lengths))
    batches = []
    for first in range(0, len(rows), ALIKE * BATCH):
        some = rows[first : first + ALIKE * BATCH]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[at : at + BATCH] for at in range(0, len(some), BATCH)]
    return [batches[at] for at in order.permutation(len(batches))]


def _padded(messages: Sequence[NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """Messages as one tensor ``(n, p, l)``, and which of it are pieces ``(n, p)``."""
    import torch

    longest = max(map(len, messages))
    pieces = np.zeros((len(messages), longest, messages[0].shape[1]), dtype=np.float32)
    for row, message in enumerate(messages):
        pieces[row, : len(message)] = message
    is_piece = np.arange(longest) < np.array([[len(message)] for message in messages])
    return torch.from_numpy(pieces), torch.from_numpy(is_piece)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
