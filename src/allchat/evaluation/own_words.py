"""What an answer of allchat says beside its quotes: sentences of the wording by their names, and what fills them.

The answer is not trusted: its text must show its parts and nothing else, each sentence be the one of that name, and
each quoted line stand in the words of its number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache

from allchat.answering.texts import as_markdown
from allchat.answering.verify import cuts
from allchat.evaluation.groundedness import faults
from allchat.languages.calls import CALL, calls
from allchat.parts import Fixed, Listed, Part, Quoted
from allchat.records import Answer
from allchat.wording import LANGUAGES, load_wording


def unfounded(answer: Answer, *, known: Collection[str]) -> tuple[str, ...]:
    """The texts of an answer that are neither in the source of their number nor ours, filled with ``known`` values."""
    parts = (*answer.parts.said, *answer.parts.further, *answer.parts.notes)
    cited = (*answer.citations, *answer.further)
    sources = {cite.number: " ".join(cut.quote for cut in cuts(cite)) for cite in cited}
    texts = [text for part in parts for text in _unfounded(part, sources, known)]
    return (*texts, *([] if as_markdown(answer.parts.said) == answer.text else [answer.text]))


def _unfounded(part: Part, sources: Mapping[int, str], known: Collection[str]) -> Iterator[str]:
    if isinstance(part, Quoted):
        for line in (*part.lead, *part.lines):
            if faults(line.words, sources.get(line.number, ""), extractive=True):
                yield line.words
    else:
        yield from (text for text in free_texts([part]) if text not in known and not text.isdigit())


def free_texts(parts: Sequence[Part]) -> Iterator[str]:
    """What parts say that is neither quoted nor a fixed sentence: values in its braces, names of sources and sections;
    and every sentence that says to be one of ours and is not.
    """
    for part in parts:
        entries = part.entries if isinstance(part, Listed) else (part,)
        for entry in entries:
            if isinstance(entry, Fixed):
                yield from (value for _, value in entry.values) if is_ours(entry) else (entry.filled(),)
            elif not isinstance(entry, Quoted):
                yield entry.words


def is_ours(part: Fixed) -> bool:
    """Whether the sentence of this name, in this language, is this one."""
    return _sentences(part.language).get(part.name) == part.sentence


@cache
def _sentences(language: str) -> Mapping[str, str]:
    called = {f"{CALL}{code}": call.text for code, call in calls().items() if code == language}
    if language not in LANGUAGES:  # we say whom to call in it, and nothing else
        return called
    return called | {name: text.strip() for name, text in load_wording(language).sentences()}
