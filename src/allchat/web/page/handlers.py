"""What happens on each event of the page. What comes from the browser is checked here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allchat.answering.cuts import Sources
from allchat.answering.query import Asker, standing
from allchat.errors import AllchatError, BusyError, QuestionError
from allchat.records import Answer
from allchat.sources.glossary import Glossary
from allchat.web.page.gradio_setup import gr, log
from allchat.web.page.messages import folded, literal, message, plain, starters, status, trouble
from allchat.web.page.sources_panel import panel
from allchat.web.page.trail import MAX_TURNS, Trail, extended, read_trail
from allchat.web.page.votes import VOTES, Votes, new_message
from allchat.wording import Words

PAGE_HISTORY = 10

# Every question is a heading, so that a screen reader can go from turn to turn.
_ASKED = "### "
BUTTONS = 3

Messages = list[dict[str, Any]]

SHOWN = ("chat", "trail", "sources", "box", "status", "again", "starters", "message", "votes")
"""What an answer changes, besides the suggestions."""


@dataclass(frozen=True, slots=True)
class PageView:
    """What every event shows: one value for each part of the page, in the order of ``SHOWN``, then the suggestions."""

    conversation: Messages
    trail: Trail
    sources: str
    question: str
    status: str
    again: str | None
    starters: str | None
    message: str
    suggestions: tuple[str, ...]

    def updates(self) -> list[Any]:
        """The values as Gradio takes them."""
        slots = [*self.suggestions, *[""] * BUTTONS][:BUTTONS]
        return [
            self.conversation,
            self.trail.to_json(),
            self.sources,
            self.question,
            self.status,
            gr.update(value=self.again or "", visible=self.again is not None),
            gr.update(value=self.starters or "", visible=self.starters is not None),
            self.message,
            gr.update(visible=bool(self.message)),
            *(gr.update(value=words, visible=bool(words)) for words in slots),
        ]


def status_line(sentence: str, *, language: str) -> str:
    """A status line. Its hidden stamp lets the page's script notice two equal ones, and the language of the page."""
    return f'{sentence}<span hidden="hidden">{time.monotonic_ns()} {language}</span>'


@dataclass(frozen=True, slots=True)
class Handlers:
    """What happens on each event. Everything that comes from the browser is checked here; none of it is trusted."""

    asker: Asker
    words: Mapping[str, Words]
    question_limit: int
    glossary: Callable[[Asker], Glossary]
    votes: Votes | None = None

    def ask(self, question: object, conversation: object, trail: object, language: object) -> list[Any]:
        """Answer the question in the light of the questions before it."""
        history = questions(conversation)[-PAGE_HISTORY:]
        return self._turn(question, conversation, trail, self._language(language), history=history)

    def again(self, conversation: object, trail: object, language: object) -> list[Any]:
        """Answer the last question once more, on its own."""
        last = (questions(conversation) or [""])[-1]
        return self._turn(last, conversation, trail, self._language(language), history=(), again=True)

    def clear(self, language: object) -> list[Any]:
        """Forget everything: what the page holds is all there is."""
        language = self._language(language)
        return self.first(language, status=self.words[language]["cleared"]).updates()

    def first(self, language: str, *, status: str = "") -> PageView:
        """The page before the first question."""
        words = self.words[language]
        sources = panel(Trail(), self.asker, words=words)
        said = status_line(status, language=language)
        return PageView([], Trail(), sources, "", said, None, starters(words), "", ())

    def vote(self, vote: str, name: object, language: object) -> list[Any]:
        """Keep a vote, where an operator wants them: the status line says so, and the buttons go."""
        language = self._language(language)
        try:
            if self.votes is not None:
                self.votes.add(vote, message=name)
        except AllchatError as error:
            log.error("a vote was not kept: %s", type(error).__name__)
            return [status_line(self.words[language]["broken"], language=language), gr.skip()]
        return [status_line(self.words[language]["vote_thanks"], language=language), gr.update(visible=False)]

    def speak(self, language: object, conversation: object, trail: object) -> dict[str, Any]:
        """The page's own words in a language, by part; the conversation stays as it was said."""
        language = self._language(language)
        words, known = self.words[language], read_trail(trail, documents=self.asker.documents)
        parts: dict[str, Any] = {name: gr.update(**values) for name, values in chrome(words).items()}
        parts["sources"] = self._panel(known, words=words)
        parts["starters"] = gr.skip() if messages(conversation) else starters(words)
        return parts | {"language": language, "status": status_line("", language=language)}

    def _language(self, language: object) -> str:
        return language if isinstance(language, str) and language in self.words else next(iter(self.words))

    def _turn(
        self,
        question: object,
        conversation: object,
        trail: object,
        language: str,
        *,
        history: Sequence[str],
        again: bool = False,
    ) -> list[Any]:
        refused = self._refused(question, words=self.words[language])
        if refused or not isinstance(question, str):
            return self._unchanged(refused, language)
        shown = messages(conversation)[-2 * (MAX_TURNS - 1) :]
        before = read_trail(trail, documents=self.asker.documents)
        try:
            answer = self._answer(question, history=history, language=language)
        except QuestionError:
            return self._unchanged(self.words[language]["not_text"], language)
        except BusyError:
            return self._unchanged(self.words[language]["busy"], language)
        except AllchatError as error:
            log.error("no answer: %s", type(error).__name__)
            return self._broken(question, shown, before, language)
        except Exception as error:  # noqa: BLE001 - the outermost door: a fault must be seen as one, and leak no question
            log.error("no answer, unexpectedly: %s", type(error).__name__)
            return self._broken(question, shown, before, language)
        return self._answered(answer, shown, extended(before, answer), language, again=again).updates()

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
        first, *others = (_questions(words) for words in self.words.values())
        return {other: own for asked in others for own, other in zip(first, asked, strict=True)}

    def _panel(self, trail: Trail, *, words: Words, urgent: bool = False) -> str:
        here = standing(self.asker)
        return panel(trail, here, words=words, urgent=urgent, glossary=self.glossary(here))

    def _refused(self, question: object, *, words: Words) -> str:
        if not isinstance(question, str) or not question.strip():
            return str(words["nothing_asked"])
        if len(question) > self.question_limit:
            return str(words["too_long"]).format(limit=self.question_limit)
        return ""

    def _answered(self, answer: Answer, shown: Messages, trail: Trail, language: str, *, again: bool) -> PageView:
        asked, words = literal(answer.question), self.words[language]
        other = not again and plain(literal(answer.understood_as)) != plain(asked)
        translated = plain(asked) in self._translations()
        asker = standing(self.asker)
        more = folded(answer, sources=Sources(asker.documents, asker.outline), words=words)
        said = message(
            answer,
            turn=trail.turn,
            words=words,
            again=again,
            glossary=self.glossary(asker),
            alarms=trail.alarms,
            more=more,
        )
        return PageView(
            [*shown, chat_message("user", f"{_ASKED}{asked}"), chat_message("assistant", said)],
            trail,
            self._panel(trail, words=words, urgent=answer.kind == "urgent"),
            "",
            status_line(status(answer, turn=trail.turn, words=words), language=language),
            str(words["again"]) if other and not translated else None,
            None,
            new_message() if self.votes and answer.kind != "urgent" else "",
            () if answer.kind == "urgent" else answer.suggestions[:BUTTONS],
        )

    def _broken(self, question: str, shown: Messages, trail: Trail, language: str) -> list[Any]:
        """A fault, in its own words; the question stays in the box, so that asking again is one touch."""
        words = self.words[language]
        said = [*shown, chat_message("user", f"{_ASKED}{literal(question)}"), chat_message("assistant", trouble(words))]
        after = replace(trail, turn=trail.turn + 1)
        sources = self._panel(after, words=words)
        status = status_line(words["broken"], language=language)
        return PageView(said, after, sources, question, status, None, None, "", ()).updates()

    def _unchanged(self, sentence: str, language: str) -> list[Any]:
        """Only the status line speaks; all else stays as it is."""
        return [
            status_line(sentence, language=language) if name == "status" else gr.skip()
            for name in (*SHOWN, *range(BUTTONS))
        ]


def _questions(words: Words) -> list[str]:
    return [question for group in words["starters"] for question in group["questions"]]


def chat_message(role: str, text: str) -> dict[str, Any]:
    """One message of the conversation."""
    return {"role": role, "content": text}


def messages(conversation: object) -> Messages:
    """The messages that came back from the browser, each as role and text; what has another shape is left out."""
    rows = conversation if isinstance(conversation, list) else []
    kept = (row for row in rows if isinstance(row, dict) and row.get("role") in ("user", "assistant"))
    return [chat_message(row["role"], _text(row.get("content"))) for row in kept]


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def questions(conversation: object) -> list[str]:
    """The family's questions, oldest first, as they were typed."""
    return [plain(row["content"].removeprefix(_ASKED)) for row in messages(conversation) if row["role"] == "user"]


def chrome(words: Words) -> dict[str, dict[str, Any]]:
    """The page's own words by part, as its components take them when it is built and when it changes language."""
    return {
        "talk_head": {"value": f'<h2 class="vh">{words["conversation"]}</h2>'},
        "chat": {"label": words["conversation"], "placeholder": words["empty_conversation"]},
        "again": {"value": words["again"]},
        "vote_head": {"value": words["vote"]},
        **{f"vote_{vote}": {"value": words[f"vote_{vote}"]} for vote in VOTES},
        "box": {"label": words["question_label"], "info": words["question_hint"], "submit_btn": words["ask"]},
        "sheet": {"value": words["sheet"]},
        "print": {"value": words["print"]},
        "clear": {"value": words["clear"]},
        "sources_head": {"value": f'<h2 id="sources" tabindex="-1">{words["sources"]}</h2>'},
    }
