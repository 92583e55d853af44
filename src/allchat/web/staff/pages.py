"""The staff's pages at ``/staff``: sources, check a quote, check an answer, why. Off unless a password is set.

Plain HTML from templates (``web/staff``, everything escaped), no script. What is pasted or asked comes as a form,
never in an address; it is answered and forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

from allchat.addresses import web_address
from allchat.audit import audit, saved_records
from allchat.chat import Chat
from allchat.errors import AllchatError, QuestionError
from allchat.guard.policy import ADVICE, EMERGENCY
from allchat.search.retriever import PARTS
from allchat.web.reload import Following
from allchat.web.staff.forms import TEXT_LIMIT, UPLOAD_LIMIT, Sent, foreign, read_form
from allchat.web.staff.login import COOKIE, SESSION_SECONDS, STRETCHED_AT_ONCE, Login
from allchat.web.staff.quote_check import QuoteCheck
from allchat.web.staff.views import SourceView, audit_report, candidates, is_intact, views
from allchat.wording import load_wording

CITATIONS = 400
"""Citations of saved answers that one page checks: a changed one takes about 40 ms."""

log = logging.getLogger("allchat.staff")


@dataclass(frozen=True, slots=True)
class Page:
    """A template with its values."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


StaffView = Callable[[Request, Sent], Page]


class Staff:
    """The pages. Each view makes a page from what was sent; nothing of it is kept."""

    def __init__(self, chat: Chat | Following, login: Login) -> None:
        self._following = chat
        self._login = login
        self._stretching = asyncio.Semaphore(STRETCHED_AT_ONCE)
        self._templates = Environment(
            loader=PackageLoader("allchat.web.staff", ""),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.tests["web_address"] = lambda text: web_address(text) is not None
        self._words = load_wording().table("staff")
        self._style = (files("allchat") / "web" / "staff" / "staff.css").read_text(encoding="utf-8")

        self._kept: WeakKeyDictionary[Chat, tuple[dict[str, SourceView], QuoteCheck]] = WeakKeyDictionary()

    @property
    def _chat(self) -> Chat:
        return self._following.now if isinstance(self._following, Following) else self._following

    @property
    def _views(self) -> dict[str, SourceView]:
        return self._worked_out()[0]

    @property
    def _quotes(self) -> QuoteCheck:
        return self._worked_out()[1]

    def _worked_out(self) -> tuple[dict[str, SourceView], QuoteCheck]:
        """What the pages stand on, once for each index."""
        chat = self._chat
        if chat not in self._kept:
            self._kept[chat] = views(chat), QuoteCheck(chat.documents, chat.outline)
        return self._kept[chat]

    # The views

    def sources(self, _request: Request, _sent: Sent) -> Page:
        """All documents, and how far our questions reach."""
        return Page("sources.html", {"views": list(self._views.values())})

    def source(self, request: Request, _sent: Sent) -> Page:
        """One document part by part; ``only=uncovered`` in the address leaves only what no question reaches."""
        view = self._views.get(request.path_params["document"])
        if view is None:
            return self._trouble("no_source", 404)
        intact = is_intact(self._chat, view.document.key)
        only, questions = (request.query_params.get(name) for name in ("only", "questions"))
        values = {"view": view, "intact": intact, "only": only == "uncovered", "all": questions == "all"}
        return Page("source.html", values)

    def quote(self, _request: Request, sent: Sent) -> Page:
        """Where a pasted text stands word for word, or what comes nearest."""
        pasted = sent.text("text")
        if len(pasted) > TEXT_LIMIT:
            return Page("quote.html", {"pasted": pasted, "findings": None, "error": self._long()}, 422)
        findings = self._quotes.check(pasted) if pasted else None
        error = self._words["quote_empty"] if findings == () or (sent.fields and not pasted) else ""
        return Page("quote.html", {"pasted": pasted, "findings": findings, "error": error}, 422 if error else 200)

    def answer(self, _request: Request, sent: Sent) -> Page:
        """What has become of each citation of saved answers."""
        pasted = sent.text("text")
        content = sent.file or pasted.encode(errors="replace")
        if len(content) > UPLOAD_LIMIT:
            error = self._words["answer_large"].format(limit=UPLOAD_LIMIT // 1024)
            return Page("answer.html", {"pasted": "", "reports": None, "error": error}, 422)
        if not content.strip():
            error = self._words["answer_empty"] if sent.fields else ""
            return Page("answer.html", {"pasted": "", "reports": None, "error": error}, 422 if error else 200)
        try:
            saved = list(saved_records(content))
        except QuestionError as error:
            return Page("answer.html", {"pasted": pasted, "reports": None, "error": str(error)}, 422)
        reports: list[dict[str, Any]] = []
        while len(reports) < len(saved) and sum(len(shown["rows"]) for shown in reports) < CITATIONS:
            record = saved[len(reports)]
            found = audit(record, documents=self._chat.documents, earlier=self._chat.earlier)
            reports.append(audit_report(record, found))
        states = Counter(row["check"].state for shown in reports for row in shown["rows"])
        values = {"pasted": pasted, "reports": reports, "count": len(saved), "states": states, "error": ""}
        return Page("answer.html", values)

    def why(self, _request: Request, sent: Sent) -> Page:
        """How the answer to a question comes about."""
        question, earlier = sent.text("question"), sent.text("history")
        values = {"question": question, "history": earlier, "explained": None, "error": ""}
        if not sent.fields:
            return Page("why.html", values)
        if len(earlier) > TEXT_LIMIT:
            return Page("why.html", values | {"error": self._long()}, 422)
        try:
            return Page("why.html", values | {"explained": self._explained(question, earlier)})
        except QuestionError as error:
            return Page("why.html", values | {"error": str(error)}, 422)

    def _explained(self, question: str, earlier: str) -> dict[str, Any]:
        history = [line for line in earlier.splitlines() if line.strip()]
        chat = self._chat
        answer, trace = chat.explain(question, history=history)
        rule = next((rule for rule in chat.guard.rules if rule.id == trace.verdict.rule), None)
        sources = chat.sources(chat.named(question, history=history))
        return {
            "answer": answer,
            "trace": trace,
            "rule": rule,
            "thresholds": (ADVICE, EMERGENCY),
            "telling": chat.guard.telling(question, kind=trace.verdict.kind or "refusal"),
            "parts": PARTS,
            "candidates": candidates(trace.hits, answer, sources=sources),
        }

    def _long(self) -> str:
        return str(self._words["text_long"].format(limit=TEXT_LIMIT))

    # HTTP

    def router(self) -> APIRouter:
        """The routes, each behind the login."""
        router = APIRouter()
        router.add_route("/staff/sign-in", self._sign_in, ["GET", "POST"])
        router.add_route("/staff/sign-out", self._sign_out, ["POST"])
        router.add_route("/staff", self._behind(self.sources), ["GET"])
        router.add_route("/staff/sources/{document}", self._behind(self.source), ["GET"])
        router.add_route("/staff/quote", self._behind(self.quote), ["GET", "POST"])
        router.add_route("/staff/answer", self._behind(self.answer), ["GET", "POST"])
        router.add_route("/staff/why", self._behind(self.why), ["GET", "POST"])
        return router

    def _behind(self, view: StaffView) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not self._login.knows(request.cookies.get(COOKIE, "")):
                return self._unknown(request)
            if foreign(request):
                return self._shown(request, self._trouble("foreign", 403))
            try:
                sent = await read_form(request) if request.method == "POST" else Sent()
                page = await run_in_threadpool(self._made, view, request, sent)
            except QuestionError as error:
                page = self._trouble("form", 422, said=str(error))
            return self._shown(request, page)

        return endpoint

    def _made(self, view: StaffView, request: Request, sent: Sent) -> Page:
        """The view's page, or a page that says that something is broken: never an empty result."""
        try:
            return view(request, sent)
        except AllchatError as error:
            log.error("staff: no page: %s", type(error).__name__)
            return self._trouble("broken", 503, said=str(error))
        except Exception as error:  # noqa: BLE001 - the outermost door: no traceback leaves, and no text enters a log
            log.error("staff: no page, unexpectedly: %s", type(error).__name__)
            return self._trouble("broken", 500)

    def _unknown(self, request: Request) -> Response:
        """To the sign-in; a form that was sent meanwhile is not lost without a word."""
        if request.method == "POST":
            return self._shown(request, self._trouble("ended", 403), inside=False)
        return RedirectResponse("/staff/sign-in", status_code=303)

    async def _sign_in(self, request: Request) -> Response:
        if request.method != "POST":
            return self._shown(request, Page("sign_in.html", {"error": ""}), inside=False)
        address = request.client.host if request.client else ""
        if foreign(request):
            return self._shown(request, self._trouble("foreign", 403), inside=False)
        if not self._login.may_try(address):
            page = Page("sign_in.html", {"error": self._words["sign_in_wait"]}, 429)
            return self._shown(request, page, inside=False, headers={"retry-after": "30"})
        try:
            password = (await read_form(request)).text("password")
        except QuestionError:
            password = ""
        async with self._stretching:
            right = await run_in_threadpool(lambda: self._login.accepts(password, address=address))
        if not right:
            log.warning("staff: a wrong password")
            return self._shown(
                request, Page("sign_in.html", {"error": self._words["sign_in_wrong"]}, 403), inside=False
            )
        answer = RedirectResponse("/staff", status_code=303)
        answer.set_cookie(
            COOKIE,
            self._login.ticket(),
            max_age=SESSION_SECONDS,
            path="/staff",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    async def _sign_out(self, request: Request) -> Response:
        if foreign(request):
            return self._shown(request, self._trouble("foreign", 403), inside=False)
        answer = RedirectResponse("/staff/sign-in", status_code=303)
        answer.delete_cookie(COOKIE, path="/staff", httponly=True, samesite="strict")
        return answer

    def _trouble(self, what: str, status: int, *, said: str = "") -> Page:
        return Page(
            "trouble.html", {"heading": self._words[f"{what}_heading"], "text": self._words[what], "said": said}, status
        )

    def _shown(
        self, request: Request, page: Page, *, inside: bool = True, headers: Mapping[str, str] | None = None
    ) -> Response:
        html = self._templates.get_template(page.template).render(
            page.values, w=self._words, style=self._style, path=request.url.path, inside=inside
        )
        return HTMLResponse(html, status_code=page.status, headers=dict(headers or {}))


def staff_router(chat: Chat | Following, *, password: str) -> APIRouter:
    """The staff's pages over an opened chat, behind ``password``.

    Raises:
        SettingsError: the password is too short to be one.
    """
    return Staff(chat, Login(password)).router()
