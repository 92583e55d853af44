"""Phrases: rows of words that a nurse can read, found in a clause.

In a phrase ``word*`` is any ending, ``(a|b)`` either word, ``_`` any one word, ``..`` up to three words, ``^`` and
``$`` the beginning and the end of a clause, ``@name`` any phrase of the list ``name``, and ``<fever-temperature>``,
``<number>``, ``<dose>`` a number that was understood.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from allchat.errors import SettingsError
from allchat.guard.tokens import Clause, Token

Spans = list[tuple[int, int]]
Hits = dict[str, Spans]
PhraseItem = str | list["Row"]
"""A word, or what stands in brackets: rows of which one is met."""
Row = list[PhraseItem]

LONGEST = 200
MOST_ROWS = 10_000
GAP = 3  # words that ".." may stand for
_ITEM = re.compile(r"[()|]|[^\s()|]+")


def parse(phrase: str) -> Row:
    """A phrase as a row of words and of brackets; an empty choice, ``(a|)``, is an empty row.

    Raises:
        SettingsError: a bracket is never closed, or was never opened.
    """
    items = _ITEM.findall(phrase)
    if len(items) > LONGEST:
        raise SettingsError(f"guard rules: a phrase of more than {LONGEST} words and signs. Part it: {phrase[:40]!r}.")
    row, rest = _row(items, phrase)
    if rest:
        raise SettingsError(f"guard rules: a bracket was never opened in {phrase!r}. Correct the phrase.")
    return row


def _row(items: list[str], phrase: str) -> tuple[Row, list[str]]:
    row: Row = []
    while items and items[0] not in ("|", ")"):
        if items[0] == "(":
            choice, items = _choice(items[1:], phrase)
            row.append(choice)
        else:
            row.append(items[0])
            items = items[1:]
    return row, items


def _choice(items: list[str], phrase: str) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    while True:
        row, items = _row(items, phrase)
        rows.append(row)
        if not items:
            raise SettingsError(f"guard rules: a bracket is never closed in {phrase!r}. Correct the phrase.")
        closes, items = items[0] == ")", items[1:]
        if closes:
            return rows, items


def expand(phrase: str) -> list[tuple[str, ...]]:
    """The plain word rows that ``(a|b)`` in a phrase stands for. An empty choice, ``(a|)``, leaves the words out.

    >>> expand("(can|may) he (still|) go")
    [('can', 'he', 'still', 'go'), ('can', 'he', 'go'), ('may', 'he', 'still', 'go'), ('may', 'he', 'go')]
    """
    row = parse(phrase)
    if _count(row) > MOST_ROWS:
        raise SettingsError(f"guard rules: {phrase[:40]!r} stands for more than {MOST_ROWS} phrases. Part it.")
    return _expanded(row)


def _count(row: Row) -> int:
    return math.prod(1 if isinstance(item, str) else sum(map(_count, item)) for item in row)


def _expanded(row: Row) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [()]
    for item in row:
        ends = [(item,)] if isinstance(item, str) else [end for option in item for end in _expanded(option)]
        rows = [(*begun, *end) for begun in rows for end in ends]
    return rows


class _Node(dict[str, "_Node | frozenset[int]"]):
    """A place in the tree of phrases, by words the places after it: as states until a message comes there, since most
    are never come to. ``ends`` names the phrases that are complete here.
    """

    __slots__ = ("_made", "ends")

    def __init__(
        self, ends: Iterable[str], follow: Mapping[str, frozenset[int]], *, made: Callable[[frozenset[int]], _Node]
    ) -> None:
        super().__init__(follow)
        self.ends = tuple(ends)
        self._made = made

    def after(self, word: str) -> _Node:
        """The place that a word leads to."""
        found = self[word]
        if not isinstance(found, _Node):
            found = self[word] = self._made(found)
        return found


class _Automaton:
    """Many phrases as one tree in which each word leads to one place.

    Subset construction (Rabin and Scott 1959): what follows a choice is held once, not once for every choice.
    """

    def __init__(self) -> None:
        self._edges: list[tuple[str, frozenset[int]]] = []
        self._labels: dict[int, str] = {}
        self._nodes: dict[frozenset[int], _Node] = {}

    def place(self, row: Row, *, label: str) -> frozenset[int]:
        """The states in which ``row`` begins."""
        self._labels[len(self._edges)] = label
        return self._link(row, self._state("", frozenset()))

    def _state(self, word: str, follow: frozenset[int]) -> frozenset[int]:
        self._edges.append((word, follow))
        return frozenset({len(self._edges) - 1})

    def _link(self, row: Row, follow: frozenset[int]) -> frozenset[int]:
        for item in reversed(row):
            if isinstance(item, str):
                follow = self._state(item, follow)
            else:
                follow = frozenset[int]().union(*(self._link(option, follow) for option in item))
        return follow

    def node(self, states: frozenset[int]) -> _Node:
        """The place that ``states`` are. Two threads that come to it first make it twice, and alike."""
        if states not in self._nodes:
            ends = dict.fromkeys(self._labels[state] for state in sorted(states) if state in self._labels)
            follow: dict[str, set[int]] = defaultdict(set)
            for state in sorted(states - self._labels.keys()):
                word, targets = self._edges[state]
                follow[word] |= targets
            told = {word: frozenset(targets) for word, targets in follow.items()}
            self._nodes[states] = _Node(ends, told, made=self.node)
        return self._nodes[states]


class Phrasebook:
    """All phrases of all rules in a few trees, walked once per clause."""

    def __init__(self, lists: dict[str, list[str]], phrases: set[str]) -> None:
        self._lists = lists
        self._levels: list[_Node] = []
        self.vocabulary: set[str] = set()
        self._prefixes: set[str] = set()
        self._symbols: dict[str, tuple[str, ...]] = {}
        for names in self._layers():
            self._levels.append(self._tree((phrase, f"@{name}") for name in names for phrase in lists[name]))
        self._levels.append(self._tree((phrase, phrase) for phrase in sorted(phrases)))

    def _layers(self) -> list[list[str]]:
        """Lists in layers, each built only of lists in the layers before it."""
        needs = {name: set(re.findall(r"@([\w-]+)", " ".join(phrases))) for name, phrases in self._lists.items()}
        done: set[str] = set()
        layers: list[list[str]] = []
        while len(done) < len(needs):
            layer = sorted(name for name in needs if name not in done and needs[name] <= done)
            if not layer:
                stuck = sorted(set(needs) - done)
                raise SettingsError(f"guard lists {stuck}: a list is missing or refers to itself. Correct lists.toml.")
            done |= set(layer)
            layers.append(layer)
        return layers

    def _tree(self, entries: Iterable[tuple[str, str]]) -> _Node:
        automaton = _Automaton()
        rows = [(parse(phrase), label) for phrase, label in entries]
        for row, _ in rows:
            self._learn(row)
        starts = (automaton.place(row, label=label) for row, label in rows)
        return automaton.node(frozenset[int]().union(*starts))

    def _learn(self, row: Row) -> None:
        for item in row:
            if not isinstance(item, str):
                for option in item:
                    self._learn(option)
            elif item.startswith("@") and item[1:] not in self._lists:
                raise SettingsError(f"guard rules: there is no list {item}. Add it to lists.toml or correct the name.")
            elif item.endswith("*"):
                self._prefixes.add(item[:-1])
            elif item[0].isalpha():
                self.vocabulary.add(item)

    def hits(self, clause: Clause) -> Hits:
        """Where each list (``@name``) and phrase occurs: ``(first token, one past the last)``, sorted."""
        edges = [[(symbol, at + 1) for symbol in self._symbols_of(t)] for at, t in enumerate(clause.tokens)]
        found: Hits = {}
        for tree in self._levels:
            fresh: dict[str, set[tuple[int, int]]] = defaultdict(set)
            for at in range(len(edges)):
                _walk(tree, edges, at, at, fresh)
            for label in sorted(fresh):
                found[label] = sorted(fresh[label])
                for start, end in found[label]:
                    edges[start].append((label, end))
        return found

    def _symbols_of(self, token: Token) -> tuple[str, ...]:
        if token.marks:
            return (token.word, "_", *token.marks)
        if token.word not in self._symbols:
            if len(self._symbols) > 50_000:
                self._symbols.clear()
            self._symbols[token.word] = self._forms(token.word)
        return self._symbols[token.word]

    def _forms(self, word: str) -> tuple[str, ...]:
        if word in {"^", "$"}:
            return (word,)
        forms = [word, "_"]
        forms += [f"{word[:n]}*" for n in range(2, len(word) + 1) if word[:n] in self._prefixes]
        if word.endswith("s") and len(word) > 3:
            forms.append(word[:-1])
        return tuple(forms)


def _walk(
    node: _Node, edges: list[list[tuple[str, int]]], start: int, at: int, found: dict[str, set[tuple[int, int]]]
) -> None:
    for label in node.ends:
        found[label].add((start, at))
    if ".." in node:
        for skipped in range(min(GAP, len(edges) - at) + 1):
            _walk(node.after(".."), edges, start, at + skipped, found)
    if at < len(edges):
        for symbol, end in edges[at]:
            if symbol in node:
                _walk(node.after(symbol), edges, start, end, found)
