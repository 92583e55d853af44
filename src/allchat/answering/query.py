"""What can be asked, and of whom."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict, Unpack

from allchat.errors import QuestionError
from allchat.records import Answer, Document, Outline
from allchat.wording import LANGUAGES

QUESTION_CHARACTERS = 4000
"""A longer question is refused; the longest message of our development data has about 3,000."""


class Asking(TypedDict, total=False):
    """What may be said beside a question: the family's earlier questions, oldest first; the id of its record; the
    language of our own words, which is the question's own where none or None is said.
    """

    history: Sequence[str]
    id: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what was said beside it, see ``Asking``."""

    question: str
    history: tuple[str, ...] = ()
    id: str = "q"
    language: str | None = None

    @classmethod
    def of(
        cls,
        question: str,
        *,
        history: Sequence[str] = (),
        id: str = "q",  # noqa: A002 - the record names it so
        language: str | None = None,
    ) -> Asked:
        """A question as it came, with ``Asking`` by name; its history becomes a tuple."""
        return cls(question, tuple(history), id, language)

    @property
    def how(self) -> Asking:
        """What was said beside the question."""
        return {"history": self.history, "id": self.id, "language": self.language}


def check_question(question: object) -> str:
    """The question, if it can be asked.

    Raises:
        QuestionError: it is not text, empty, without a letter or digit, too long, or holds broken characters.
    """
    if not isinstance(question, str):
        raise QuestionError("the question is not text. Send it as a string.")
    if _is_halved(question):
        raise QuestionError("the question holds half a character (a lone surrogate). Send it as valid Unicode.")
    if len(question) > QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(question)} characters, the most is {QUESTION_CHARACTERS}. Ask it more shortly."
        )
    kept = "".join(" " if unicodedata.category(c) == "Cc" else c for c in question).strip()
    if not any(character.isalnum() for character in kept):
        raise QuestionError("the question has no words. Ask in words, such as: what is a lumbar puncture?")
    return kept


def check_id(id: object) -> str:  # noqa: A002 - the record names it so
    """The id, if an answer record can hold it.

    Raises:
        QuestionError: it is not text, or holds broken characters.
    """
    if not isinstance(id, str) or _is_halved(id):
        raise QuestionError("the id is not text, or holds half a character (a lone surrogate). Send another.")
    return id


def _is_halved(text: str) -> bool:
    return any(unicodedata.category(character) == "Cs" for character in text)


def check_language(language: object, *, known: Sequence[str] = LANGUAGES) -> str | None:
    """The language, if it is one of those ``known``, in which we have words; None stays None.

    Raises:
        QuestionError: we have no words in it.
    """
    if language is None or (isinstance(language, str) and language in known):
        return language
    raise QuestionError(f"there are no words of ours in that language. Ask for one of: {', '.join(known)}.")


class Asker(Protocol):
    """What the page and the server need of ``allchat.chat.Chat``."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by key."""

    def outline(self, document: str) -> Outline:
        """The outline of the document with this key."""

    def earlier(self, document: str, digits: str) -> Document | None:
        """The text of a source that was quoted from before, by its hash or the first digits of it."""

    def original(self, document: Document) -> bytes:
        """The bytes of the file that a document was converted from."""

    def ask(self, question: str, **how: Unpack[Asking]) -> Answer:
        """Answer one question."""

    def alarm(self, question: str, **how: Unpack[Asking]) -> Answer | None:
        """The answer to a message that a rule finds urgent, None for every other."""


def standing(asker: Asker) -> Asker:
    """The asker as it is at this moment: one that follows its index may be another at the next look."""
    now: Asker = getattr(asker, "now", asker)
    return now
