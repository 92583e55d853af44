"""What allchat says itself around quotes: a check must not take its fixed words for altered words of a source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from allchat.answering.verify import quoted_lines
from allchat.chat import Chat
from allchat.markdown import unescape_markdown
from allchat.records import Document
from allchat.sources.sentences import sentences
from allchat.sources.text import clean
from allchat.web.staff.views import SourceView
from allchat.wording import Wording, contact_values

NOT_SAID = ("staff", "language")
"""Tables of the wording that no answer shows."""

COUNTED = frozenset({"date", "older", "month", "year", "day", "count", "number", "quotes", "turn", "limit"})
"""Braces that a date or a number fills; all others are filled with names."""

LONGEST_NAME = 300
"""Characters of a name in a brace: a title, an attribution, a heading."""

MOST_BRACES = 3
"""Of a sentence that is recognised: each one more multiplies what a text that is made to hurt may cost."""

_BRACE = re.compile(r"\{(\w+)\}")
_COUNT = re.compile(r"[\w ,.-]{1,40}")
_PLACE = re.compile(rf"(.{{1,{LONGEST_NAME}}})\. https?://\S{{1,300}}/source/\S{{1,300}}")
"""A line that the families' page puts below words that are copied, without its number: a source, then the place."""


class FixedWords:
    """Knows our sentences, with names of sources and numbers in their braces, and what else stands around quotes:
    titles, headings, publishers, and our questions.
    """

    def __init__(self, wordings: Iterable[Wording], *, documents: Iterable[Document], names: Iterable[str],
                 contact: Mapping[str, Mapping[str, str]]) -> None:  # fmt: skip
        documents = tuple(documents)
        self._publishers = tuple(clean(document.publisher) for document in documents)
        told = (name for each in documents for name in (each.title, each.attribution, each.publisher))
        self._names = frozenset(clean(name).rstrip(".") for name in (*told, *names))
        self._said: set[str] = set()
        self._forms: list[tuple[str, re.Pattern[str], tuple[str, ...]]] = []
        self._dated: list[re.Pattern[str]] = []
        for wording in wordings:
            for text in dict.fromkeys(_texts(wording, contact[wording.language])):
                self._learn(text)
            self._dated.append(_dated(wording))

    def hold(self, words: str) -> bool:
        """Whether normalised words are ours, whole."""
        if words in self._said or words.rstrip(".") in self._names:
            return True
        found = _PLACE.fullmatch(words)
        if found and found[1].rstrip(".") in self._names:
            return True
        if any(self._is_card(form, words) for form in self._dated):
            return True
        return any(part in words and self._fits(form, braces, words) for part, form, braces in self._forms)

    def _learn(self, text: str) -> None:
        braces = _BRACE.findall(text)
        if not braces:
            self._said.add(text)
            return
        fixed = _BRACE.split(text)[::2]
        longest = max(fixed, key=len)
        if len(longest) < 3 or len(braces) > MOST_BRACES:
            return
        form = f"(.{{1,{LONGEST_NAME}}})".join(map(re.escape, fixed))
        self._forms.append((longest, re.compile(form), tuple(braces)))

    def _fits(self, form: re.Pattern[str], braces: tuple[str, ...], words: str) -> bool:
        found = form.fullmatch(words)
        return found is not None and all(
            _COUNT.fullmatch(value) if brace in COUNTED else value.rstrip(".") in self._names
            for brace, value in zip(braces, found.groups(), strict=True)
        )

    def _is_card(self, form: re.Pattern[str], words: str) -> bool:
        """Whether it is the line below a quote: its publisher's short name, the date, and what it stands under."""
        found = form.fullmatch(words)
        if not found or not any(found[1] in publisher for publisher in self._publishers):
            return False
        return not found[2] or found[2].rstrip(".") in self._names


def fixed_words(chat: Chat, views: Mapping[str, SourceView]) -> FixedWords:
    """What allchat says itself, over its sources of today."""
    wordings = [chat.wording(code) for code in chat.languages.codes]
    headings = (part for view in views.values() for chapter in view.chapters if chapter.section
                for part in chapter.section.heading)  # fmt: skip
    questions = (text for view in views.values() for part in view.parts for text, _ in part.questions)
    contact = {wording.language: contact_values(chat.contact, wording=wording) for wording in wordings}
    return FixedWords(wordings, documents=chat.documents.values(), names=(*headings, *questions), contact=contact)


def unmarked(text: str) -> str:
    """An answer's text without the marks of Markdown, in which programs give it; quotes without their frame."""
    return "\n".join(map(_unmarked, text.splitlines()))


def _unmarked(line: str) -> str:
    if line.startswith(">"):
        return "".join(quoted_lines(line))
    return unescape_markdown(line.replace("**", "").removeprefix("- "))


def _texts(wording: Wording, contact: Mapping[str, str]) -> Iterator[str]:
    """Each fixed text as it is read, its lines, and their sentences."""
    for _, marked in wording.sentences(*(table for table in wording.tables() if table not in NOT_SAID)):
        text = _BRACE.sub(lambda brace: contact.get(brace[1], brace[0]), marked.replace("**", ""))
        yield clean(text)
        for line in text.splitlines():
            yield clean(line)
            yield from (clean(line[span.start : span.end]) for span in sentences(line, start=0, end=len(line)))


def _dated(wording: Wording) -> re.Pattern[str]:
    """The line below a quote on the families' page."""
    page = wording.table("page")
    date = _BRACE.sub(r"\\S{1,20}", re.escape(page["revised_short"]).replace(r"\{", "{").replace(r"\}", "}"))
    undated, old = re.escape(page["undated"]), re.escape(page["old"])
    return re.compile(rf"(.{{1,80}}), (?:{date}|{undated})(?: {old})?(?: (.{{1,{LONGEST_NAME}}}))?")
