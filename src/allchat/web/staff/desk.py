"""What each of the staff's pages shows, made of what was sent; nothing of it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import Request

from allchat.audit import saved_records
from allchat.chat import Chat
from allchat.errors import QuestionError
from allchat.guard.policy import ADVICE, EMERGENCY
from allchat.search.retriever import PARTS
from allchat.sources.text import clean
from allchat.web.answer_queue import Pace
from allchat.web.counts import KEPT_DAYS, STEP, Counts, today
from allchat.web.printed import has_page, sheets, stacked_svg
from allchat.web.reload import Following
from allchat.web.staff.asked import PERIODS, asked_view
from allchat.web.staff.beside import Surroundings
from allchat.web.staff.decided import decided
from allchat.web.staff.find import find
from allchat.web.staff.fixed_words import fixed_words, unmarked
from allchat.web.staff.forms import HISTORY_LIMIT, TEXT_LIMIT, UPLOAD_LIMIT, Sent
from allchat.web.staff.quote_check import Checked, QuoteCheck
from allchat.web.staff.saved import checked, quoted_in
from allchat.web.staff.views import SourceView, candidates, is_intact, views
from allchat.web.staff.wordings import Wordings
from allchat.wording import load_wording

_PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")

SOUGHT = 200
"""Characters of what is looked for in a source."""


@dataclass(frozen=True, slots=True)
class Page:
    """A template with its values."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    media: str = "text/html"


def trouble(what: str, status: int, *, said: str = "") -> Page:
    """A page that says why there is none."""
    words = load_wording().table("staff")
    return Page("trouble.html", {"heading": words[f"{what}_heading"], "text": words[what], "said": said}, status)


View = Callable[[Request, Sent, Pace], Page]


class Desk:
    """The views over an opened chat, which may follow its index, and over counts and reports where these are kept."""

    def __init__(self, chat: Chat | Following, counts: Counts | None = None, wordings: Wordings | None = None) -> None:
        self._following = chat
        self._counts = counts
        self._wordings = wordings
        self._words = load_wording().table("staff")
        self._kept: WeakKeyDictionary[Chat, tuple[dict[str, SourceView], QuoteCheck, Surroundings]] = (
            WeakKeyDictionary()
        )

    @property
    def _chat(self) -> Chat:
        return self._following.now if isinstance(self._following, Following) else self._following

    @property
    def _views(self) -> dict[str, SourceView]:
        return self._worked_out()[0]

    @property
    def _quotes(self) -> QuoteCheck:
        return self._worked_out()[1]

    def _worked_out(self) -> tuple[dict[str, SourceView], QuoteCheck, Surroundings]:
        """What the pages stand on, once for each index."""
        chat = self._chat
        if chat not in self._kept:
            shown = views(chat)
            own = fixed_words(chat, shown).hold
            check = QuoteCheck(chat.documents, chat.outline, own=own)
            self._kept[chat] = shown, check, Surroundings(chat.documents, chat.outline)
        return self._kept[chat]

    def sources(self, _request: Request, _sent: Sent, _pace: Pace) -> Page:
        """All documents, and how far our questions reach."""
        return Page("sources.html", {"views": list(self._views.values())})

    def source(self, request: Request, sent: Sent, _pace: Pace) -> Page:
        """One document: all, what holds the words sought, or (``only=uncovered``) what no question reaches; with
        ``printed``, which names a place, its page as printed.
        """
        if "printed" in request.query_params:
            return self._printed(request, request.path_params["document"], request.query_params["printed"])
        view = self._views.get(request.path_params["document"])
        if view is None:
            return trouble("no_source", 404)
        sought = clean(sent.text("find"))[:SOUGHT]
        only, questions = (request.query_params.get(name) for name in ("only", "questions"))
        values = {
            "view": view,
            "found": find(view, sought) if sought else None,
            "sought": sought,
            "intact": is_intact(self._chat, view.document.key),
            "only": only == "uncovered" and not sought,
            "all": questions == "all",
        }
        return Page("source.html", values)

    def _printed(self, request: Request, key: str, place: str) -> Page:
        """The pages on which a place ("120-180") of a source stands, as a picture with it marked."""
        cuts = _PLACE.fullmatch(place)
        span = (int(cuts[1]), int(cuts[2])) if cuts else (0, 0)
        chat, pictures = self._chat, request.app.state.pictures
        document = chat.documents.get(key)
        if document is None or not has_page(document, *span):
            return trouble("no_source", 404)
        found = sheets(document, *span, pictures=pictures, read=lambda: chat.original(document))
        svg = stacked_svg(found, label=self._words["printed"])
        return Page("printed.html", {"svg": svg}, media="image/svg+xml") if found else trouble("broken", 503)

    def _paged(self, key: str, start: int, end: int) -> bool:
        """Whether there is a page as printed for a place of a source."""
        document = self._chat.documents.get(key)
        return document is not None and has_page(document, start, end)

    def quote(self, _request: Request | None, sent: Sent, pace: Pace) -> Page:
        """Where a pasted text stands word for word, or what comes nearest."""
        pasted = sent.text("text")
        if len(pasted) > TEXT_LIMIT:
            blank = {"pasted": pasted, "found": Checked(()), "error": self._long(), "of_answer": False}
            return Page("quote.html", blank, 422)
        found = self._quotes.check(pasted, pace=pace) if pasted else Checked(())
        error = self._words["quote_empty"] if sent.fields and not found.findings else ""
        values = {"pasted": pasted, "found": found, "error": error}
        values |= {"stamp": self._stamp(), "paged": self._paged, "of_answer": False}
        return Page("quote.html", values, 422 if error else 200)

    def answer(self, _request: Request, sent: Sent, pace: Pace) -> Page:
        """What has become of each citation of saved answers."""
        pasted = sent.text("text")
        content = sent.file or pasted.encode(errors="replace")
        if len(content) > UPLOAD_LIMIT:
            error = self._words["answer_large"].format(limit=UPLOAD_LIMIT // 1024)
            return Page("answer.html", {"pasted": "", "reports": None, "error": error}, 422)
        if not content.strip():
            error = self._words["answer_empty"] if sent.fields else ""
            return Page("answer.html", {"pasted": "", "reports": None, "error": error}, 422 if error else 200)
        if not content.lstrip().startswith((b"{", b"[")):
            return self._said(content, pace)
        try:
            chat = self._chat
            reports = checked(saved_records(content), documents=chat.documents, pace=pace, earlier=chat.earlier)
        except QuestionError as error:
            return Page("answer.html", {"pasted": pasted, "reports": None, "error": str(error)}, 422)
        values = {"pasted": pasted, "reports": reports, "error": "", "stamp": self._stamp(), "paged": self._paged}
        return Page("answer.html", values | {"beside": self._worked_out()[2].of})

    def _stamp(self) -> dict[str, str]:
        """When a check was made and against what: a report that is printed stands by itself."""
        versions = self._chat.versions()
        now = datetime.now(UTC).isoformat(" ", timespec="minutes").removesuffix("+00:00")
        return {"when": now, "index": versions["index"], "version": versions["allchat"]}

    def _said(self, content: bytes, pace: Pace) -> Page:
        """What the quotes of a saved sheet come to, or those of an answer that was pasted as text."""
        text = quoted_in(content.decode(errors="replace"))
        if len(text) > TEXT_LIMIT:
            values = {"pasted": "", "reports": None, "error": self._long()}
            return Page("answer.html", values, 422)
        page = self.quote(None, Sent({"text": unmarked(text)}), pace)
        return replace(page, values={**page.values, "of_answer": True})

    def why(self, _request: Request, sent: Sent, _pace: Pace) -> Page:
        """How the answer to a question comes about."""
        question, earlier = sent.text("question"), sent.text("history")
        values: dict[str, Any] = {"question": question, "history": earlier, "explained": None, "error": ""}
        values["reporting"] = self._wordings is not None
        if not sent.fields:
            return Page("why.html", values)
        if len(earlier) > HISTORY_LIMIT:
            return Page("why.html", values | {"error": self._long(HISTORY_LIMIT)}, 422)
        try:
            return Page("why.html", values | {"explained": self._explained(question, earlier)})
        except QuestionError as error:
            return Page("why.html", values | {"error": str(error)}, 422)

    def report(self, _request: Request, sent: Sent, _pace: Pace) -> Page:
        """Keeps a wording that one of the staff typed, and nothing that was asked."""
        if self._wordings is None:
            return trouble("no_report", 404)
        wording, note = sent.text("wording"), sent.text("note")
        blank = {"kept": False, "error": "", "wording": "", "note": ""}
        if not sent.fields:
            return Page("report.html", blank)
        try:
            self._wordings.add(wording, note=note)
        except QuestionError as error:
            return Page("report.html", blank | {"error": str(error), "wording": wording, "note": note}, 422)
        return Page("report.html", blank | {"kept": True})

    def asked(self, request: Request, _sent: Sent, _pace: Pace) -> Page:
        """What was asked and not found, by the counts of the last days."""
        if self._counts is None:
            return Page("counts.html", {"asked": None})
        chosen = request.query_params.get("days", "")
        period = next((days for days in PERIODS if str(days) == chosen), KEPT_DAYS)
        seen = asked_view(
            self._counts.read(), period=period, day=today(), rules=self._chat.guard.rules, views=self._views
        )
        kinds = {kind: self._words["kind_counted"].get(kind, kind) for kind in seen.kinds}
        values = {"asked": seen, "kinds": kinds, "period": period, "periods": PERIODS, "step": STEP, "kept": KEPT_DAYS}
        return Page("counts.html", values)

    def _explained(self, question: str, earlier: str) -> dict[str, Any]:
        history = [line for line in earlier.splitlines() if line.strip()]
        chat = self._chat
        answer, trace = chat.explain(question, history=history)
        rule = next((rule for rule in chat.guard.rules if rule.id == trace.verdict.rule), None)
        heard = chat.hear(question)
        sources = chat.sources(chat.named_by(heard, earlier=tuple(map(chat.hear, history))))
        judge = heard.tongue.judge
        score = trace.verdict.score
        settled = rule is not None and chat.guard.is_settled(question, trace.verdict)
        said = decided(answer, trace, settled=settled, closest=judge.closest if judge else 0.0)
        return {
            "answer": answer,
            "trace": trace,
            "decided": [self._words[name].format(**values) for name, values in said],
            "rule": rule,
            "thresholds": (ADVICE, EMERGENCY),
            "telling": () if score is None else chat.guard.telling(question, kind=trace.verdict.kind or "refusal"),
            "parts": {part: self._words["part"][part] for part in PARTS},
            "candidates": candidates(trace.hits, answer, sources=sources),
        }

    def _long(self, limit: int = TEXT_LIMIT) -> str:
        return str(self._words["text_long"].format(limit=limit))
