"""What happens on each event of the page. What comes from the browser is checked here."""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from allchat.answering.query import Asker, standing
from allchat.errors import AllchatError, BusyError, QuestionError
from allchat.markdown import one_line
from allchat.records import Answer
from allchat.sources.glossary import Glossary
from allchat.web.page.cards import Shown
from allchat.web.page.messages import turn_post
from allchat.web.page.offered import next_questions, starters
from allchat.web.page.trail import Trail, came_back, extended, read_trail, texts
from allchat.web.page.votes import VOTES, Votes
from allchat.wording import Words

PAGE_HISTORY = 10

SHOWN = ("post", "asked", "trail", "message")
"""What an answer brings: what the page's script shows, the questions so far, the trail, the name for a vote. The last
three are None where nothing changes."""

Given = tuple[str, str | None, str | None, str | None]

log = logging.getLogger("allchat.page")


def note(sentence: str) -> str:
    """A post that says one sentence and changes nothing."""
    return f'<p class="told">{html.escape(sentence)}</p>'


@dataclass(frozen=True, slots=True)
class Handlers:
    """What happens on each event. Everything that comes from the browser is checked here; none of it is trusted."""

    asker: Asker
    words: Mapping[str, Words]
    question_limit: int
    glossary: Callable[[Asker], Glossary]
    votes: Votes | None = None

    def ask(self, question: object, asked: object, trail: object, language: object) -> Given:
        """Answer the question in the light of the questions before it."""
        return self._turn(question, questions(asked), trail, self._language(language))

    def again(self, asked: object, trail: object, language: object) -> Given:
        """Answer the last question once more, on its own."""
        before = questions(asked)
        return self._turn((before or [""])[-1], before, trail, self._language(language), again=True)

    def vote(self, vote: object, name: object, language: object) -> str:
        """Keep a vote, where an operator wants them, and say so."""
        words = self.words[self._language(language)]
        try:
            if self.votes is not None:
                self.votes.add(vote, message=name)
        except AllchatError as error:
            log.error("a vote was not kept: %s", type(error).__name__)
            return note(words["broken"])
        return note(words["vote_thanks"])

    def _language(self, language: object) -> str:
        return language if isinstance(language, str) and language in self.words else next(iter(self.words))

    def _turn(self, question: object, before: list[str], trail: object, language: str, *, again: bool = False) -> Given:
        words, known = self.words[language], read_trail(trail, documents=self.asker.documents)
        if not isinstance(question, str) or not question.strip():
            return _unchanged(words["nothing_asked"])
        if len(question) > self.question_limit:
            return _unchanged(words["too_long"].format(limit=self.question_limit))
        try:
            answer = self._answer(question, history=() if again else before, language=language)
            return self._answered(answer, before, known, language, again=again)
        except QuestionError:
            return _unchanged(words["not_text"])
        except BusyError:
            return _unchanged(words["busy"])
        except Exception as error:  # noqa: BLE001 - the outermost door: a fault must be seen as one, and leak no question
            log.error("no answer: %s", type(error).__name__)
            # The page puts the question back into the box, so that asking again is easy.
            after = replace(known, turn=known.turn + 1)
            return turn_post(question, words=words), _kept([*before, question]), after.to_json(), ""

    def _answer(self, question: str, *, history: Sequence[str], language: str) -> Answer:
        """The answer; a starting question in another language is searched for in the sources' language."""
        translated = self._translations()
        history = [translated.get(text, text)[: self.question_limit] for text in history]
        # The first language is that of everything: a question in another one is answered in its own.
        spoken = None if language == next(iter(self.words)) else language
        searched = translated.get(question.strip())
        answer = self.asker.ask(searched or question, history=() if searched else history, language=spoken)
        return replace(answer, question=question) if searched else answer

    def _translations(self) -> dict[str, str]:
        """The starting questions of other languages, each with the one in the same place of the first language."""
        first, *others = map(starters, self.words.values())
        return {other: own for asked in others for own, other in zip(first, asked, strict=True)}

    def _answered(self, answer: Answer, before: list[str], known: Trail, language: str, *, again: bool) -> Given:
        words, asker, trail = self.words[language], standing(self.asker), extended(known, answer)
        shown = Shown(answer, asker, trail.turn, words, self.glossary(asker), again, trail.alarms, known.quoted)
        name = self.votes.new_message() if self.votes and answer.kind != "urgent" else ""
        post = turn_post(
            answer.question,
            words=words,
            shown=shown,
            again=shown.differs and answer.question.strip() not in self._translations(),
            offered=next_questions(answer, asked=before, words=words),
            votes=VOTES if name else (),
        )
        return post, _kept([*before, answer.question]), trail.to_json(), name


def _unchanged(sentence: str) -> Given:
    return note(sentence), None, None, None


def _kept(asked: Sequence[str]) -> str:
    """Comes back with the next question: as letters, for ten long ones of some scripts are too large as escapes."""
    return json.dumps([one_line(text) for text in asked[-PAGE_HISTORY:]], ensure_ascii=False)


def questions(asked: object) -> list[str]:
    """The family's earlier questions that came back from the browser, oldest first; what has another shape is none."""
    return texts(came_back(asked))[-PAGE_HISTORY:]
