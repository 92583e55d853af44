"""A small real chat for the tests of page and server: two tiny sources, answers that depend on the question alone."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from allchat.answering.compose import shown
from allchat.answering.cuts import Sources
from allchat.answering.texts import as_markdown
from allchat.contact import USUAL_CONTACT
from allchat.errors import BusyError, QuestionError, StoreError, VerificationError
from allchat.parts import Fixed, Parts, Quoted
from allchat.records import Answer, Block, Citation, Document, Furniture, Item, Outline, Section, Span, Tone
from allchat.sources.text import clean
from allchat.wording import load_wording

FILLER = "Paragraph {n} stands here so that the section is longer than the panel is high."
LEAFLET = """Skip to menu

Signs of leukemia

The signs of leukemia include the following:

  • Fever.
  • Bruising:
      • on the arms,
      • on the legs.
  • Feeling tired & <b>weak</b>.

Check with the doctor about any of these signs.
FILLER
At the end of the section the last words are quoted.

Treatment

Treatment has three phases.
""".replace("FILLER", "".join(f"\n{FILLER.format(n=n)}\n" for n in range(30)))

NOTES = "Side eﬀects\r\n\r\nHair may be lost [9]. It grows back.\r\n"


def document(key: str, text: str, *, revised: str | None) -> Document:
    return Document(
        key=key,
        file=f"{key}.txt",
        title=f"The {key} <title>",
        publisher="A publisher & friends",
        copy="a copy",
        url=f"https://example.org/{key}?a=1&b=2",
        revised=revised,
        audience="families",
        language="en",
        rights="Quote as you like.",
        notes="",
        attribution="",
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
    )


def span(text: str, words: str) -> Span:
    start = text.index(words)
    return Span(start, start + len(words))


def paragraph(key: str, text: str, words: str, *, section: int, kind: str = "paragraph") -> Block:
    cut = span(text, words)
    return Block(key, section, kind, cut.start, cut.end, (cut,))  # type: ignore[arg-type]


def signs_list(text: str) -> Block:
    start, end = span(text, "The signs").start, span(text, "weak</b>.").end
    rows = [
        ("• Fever.", 0),
        ("• Bruising:", 0),
        ("• on the arms,", 1),
        ("• on the legs.", 1),
        ("• Feeling tired & <b>weak</b>.", 0),
    ]
    items = tuple(Item(span(text, words).start, span(text, words).end, depth) for words, depth in rows)
    return Block("leaflet", 0, "list", start, end, (), items=items)


def leaflet_outline(text: str) -> Outline:
    filler = [paragraph("leaflet", text, FILLER.format(n=n), section=0) for n in range(30)]
    blocks = (
        paragraph("leaflet", text, "Signs of leukemia", section=0, kind="heading"),
        signs_list(text),
        paragraph("leaflet", text, "Check with the doctor about any of these signs.", section=0),
        *filler,
        paragraph("leaflet", text, "At the end of the section the last words are quoted.", section=0),
        paragraph("leaflet", text, "Treatment has three phases.", section=1),
    )
    end = text.index("Treatment\n")
    sections = (
        Section("leaflet", 0, ("Signs of leukemia",), text.index("Signs"), end),
        Section("leaflet", 1, ("Signs of leukemia", "Treatment"), end, len(text)),
    )
    return Outline("leaflet", sections, blocks, (Furniture(0, 12, "a menu"),))


def notes_outline(text: str) -> Outline:
    blocks = (
        paragraph("notes", text, "Side eﬀects", section=0, kind="heading"),
        paragraph("notes", text, "Hair may be lost [9]. It grows back.", section=0),
    )
    return Outline("notes", (Section("notes", 0, ("Side effects",), 0, len(text)),), blocks, ())


HELP: dict[str, tuple[str, Tone, str, str]] = {
    "emergency": ("urgent", "emergency", "fever: fever-told", "**Call {emergency_number} now.**\n\nSay what happened."),
    "crisis": ("urgent", "crisis", "crisis: crisis-words", "**Call or text {crisis_number}.**"),
    "gloomy": ("support", "support", "feelings: feelings", "This is hard. Call or text {crisis_number}."),
}


class SmallChat:
    """Answers by a word of the question. ``asked`` keeps what it was asked, with the history."""

    starters = ("What are the signs?", "Is there treatment?")

    def __init__(self) -> None:
        self._documents = {
            "leaflet": document("leaflet", LEAFLET, revised="2022-09-02"),
            "notes": document("notes", NOTES, revised=None),
        }
        self._outlines = {"leaflet": leaflet_outline(LEAFLET), "notes": notes_outline(NOTES)}
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.languages: list[str | None] = []

    @property
    def documents(self) -> Mapping[str, Document]:
        return self._documents

    def outline(self, document: str) -> Outline:
        return self._outlines[document]

    def earlier(self, document: str, digits: str) -> Document | None:  # noqa: ARG002 - nothing is kept here
        return None

    def original(self, document: Document) -> bytes:
        raise VerificationError(f"{document.key}: was not converted. Name another.")

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        id: str = "q",  # noqa: A002
        language: str | None = None,
    ) -> Answer:
        self.asked.append((question, tuple(history)))
        self.languages.append(language)
        if "slow" in question:
            time.sleep(1.0)
        if "unreadable" in question:
            raise QuestionError("question: this cannot be read. Write it in words.")
        if "crowded" in question:
            raise BusyError("too many questions are waiting. Ask again in half a minute.")
        if "withheld" in question:
            raise VerificationError("leaflet: a quote does not match its source. The answer is withheld.")
        if "store" in question:
            raise StoreError("index: it is missing. Run allchat build.")
        if "crash" in question:
            raise RuntimeError(f"unexpected: {question}")
        for word, (kind, tone, reason, text) in HELP.items():
            if word in question:
                return self.answer(id, question, kind=kind, text=text, reason=reason, tone=tone)
        if "football" in question:
            return self.answer(id, question, kind="out_of_scope", text="allchat covers childhood leukemia.")
        understood = "What are the signs of leukemia?" if history and "they" in question else question
        quotes = [("leaflet", "The signs of leukemia include the following:\n\n  • Fever."),
                  ("leaflet", "At the end of the section the last words are quoted."),
                  ("notes", "Hair may be lost [9].")]  # fmt: skip
        return self.answer(id, question, kind="answer", text="The sources say:", quotes=quotes, understood=understood)

    def alarm(self, question: str, **how: Any) -> Answer | None:
        return SmallChat.ask(self, question, **how) if "emergency" in question or "crisis" in question else None

    def answer(
        self,
        id: str,  # noqa: A002
        question: str,
        *,
        kind: str,
        text: str,
        quotes: Sequence[tuple[str, str]] = (),
        understood: str | None = None,
        reason: str | None = None,
        tone: Tone | None = None,
    ) -> Answer:
        citations = tuple(self.citation(n, key, words) for n, (key, words) in enumerate(quotes, 1))
        frames = shown(citations, sources=Sources(self._documents, self.outline), wording=load_wording())
        numbers = tuple((name, value) for name, value in USUAL_CONTACT.values().items() if name in text)
        ours = (Fixed("test.text", "en", text, numbers),) if text else ()
        said = (*ours, *(part for part in frames if isinstance(part, Quoted)))
        notes = (Fixed("notice.undated", "en", "One of the sources states no date."),) if quotes else ()
        return Answer(
            id=id,
            question=question,
            understood_as=question if understood is None else understood,
            kind=kind,  # type: ignore[arg-type]
            reason=reason,
            text=as_markdown(said),
            citations=citations,
            notices=tuple(note.filled() for note in notes),
            suggestions=("How is it treated?", "Do they go away?", "What is next?") if quotes else (),
            versions={"allchat": "0"},
            timings_ms={"total": 1.0},
            tone=tone,
            parts=Parts(said, notes=notes),
        )

    def citation(self, number: int, key: str, words: str) -> Citation:
        source = self._documents[key]
        cut, sections = span(source.text, words), self._outlines[key].sections
        return Citation(
            number=number,
            document=key,
            file=source.file,
            title=source.title,
            publisher=source.publisher,
            url=source.url,
            revised=source.revised,
            heading=next(part.heading for part in sections if part.start <= cut.start < part.end),
            quote=clean(words),
            start=cut.start,
            end=cut.end,
            source_sha256=source.sha256,
            score=0.5,
            link=f"/source/{key}#c{cut.start}-{cut.end}",
            rights=source.rights,
        )


class ScriptChat(SmallChat):
    """Its one source is made of ``scripts``, a paragraph each, and every answer quotes them all."""

    def __init__(self, scripts: Sequence[str]) -> None:
        super().__init__()
        text = "\n\n".join(scripts)
        blocks = tuple(paragraph("scripts", text, script, section=0) for script in scripts)
        self._scripts = tuple(scripts)
        self._documents = {"scripts": document("scripts", text, revised=None)}
        self._outlines = {"scripts": Outline("scripts", (Section("scripts", 0, (), 0, len(text)),), blocks, ())}

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),  # noqa: ARG002
        id: str = "q",  # noqa: A002
        language: str | None = None,  # noqa: ARG002
    ) -> Answer:
        quotes = [("scripts", script) for script in self._scripts]
        return self.answer(id, question, kind="answer", text="", quotes=quotes)


class HeldChat(SmallChat):
    """Answers a question with ``held`` in it only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.begun = threading.Semaphore(0)

    def ask(self, question: str, **how: Any) -> Answer:
        if "held" in question:
            self.begun.release()
            assert self.free.wait(30)
        return super().ask(question, **how)
