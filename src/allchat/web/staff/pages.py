"""The staff's pages at ``/staff``: sources, check a quote, check an answer, why, counts. Off unless a password is set.

Plain HTML from templates (``web/staff``, everything escaped), no script. What is pasted or asked comes as a form,
never in an address; it is answered and forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from allchat.addresses import web_address
from allchat.chat import Chat
from allchat.errors import AllchatError, BusyError, QuestionError
from allchat.web.answer_queue import Capacity, Pace
from allchat.web.assets import templates
from allchat.web.counts import Counts
from allchat.web.reload import Following
from allchat.web.staff.desk import Desk, Page, View, trouble
from allchat.web.staff.forms import Sent, foreign, form_of
from allchat.web.staff.login import COOKIE, SESSION_SECONDS, STRETCHED_AT_ONCE, Login
from allchat.web.staff.wordings import Wordings
from allchat.wording import load_wording

log = logging.getLogger("allchat.staff")


class Staff:
    """The pages over HTTP, each behind the login."""

    def __init__(self, desk: Desk, login: Login) -> None:
        self.desk = desk
        self._login = login
        self._stretching = asyncio.Semaphore(STRETCHED_AT_ONCE)
        self._templates = templates("allchat.web.staff")
        self._templates.tests["web_address"] = lambda text: web_address(text) is not None
        self._words = load_wording().table("staff")
        self._style = (files("allchat") / "web" / "staff" / "staff.css").read_text(encoding="utf-8")

    def router(self) -> APIRouter:
        """The routes, each behind the login."""
        router = APIRouter()
        router.add_route("/staff/sign-in", self._sign_in, ["GET", "POST"])
        router.add_route("/staff/sign-out", self._sign_out, ["POST"])
        router.add_route("/staff", self._behind(self.desk.sources), ["GET"])
        router.add_route("/staff/sources/{document}", self._behind(self.desk.source), ["GET", "POST"])
        router.add_route("/staff/quote", self._behind(self.desk.quote), ["GET", "POST"])
        router.add_route("/staff/answer", self._behind(self.desk.answer), ["GET", "POST"])
        router.add_route("/staff/why", self._behind(self.desk.why), ["GET", "POST"])
        router.add_route("/staff/report", self._behind(self.desk.report), ["GET", "POST"])
        router.add_route("/staff/counts", self._behind(self.desk.asked), ["GET"])
        return router

    def _behind(self, view: View) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not self._login.knows(request.cookies.get(COOKIE, "")):
                return self._unknown(request)
            if foreign(request):
                return self._shown(request, trouble("foreign", 403))
            body = await request.body()
            queue: Capacity = request.app.state.capacity
            try:
                return await queue.aside(partial(self._made, view, request, body))
            except BusyError as error:
                page = trouble("busy", 503, said=str(error))
                return self._shown(request, page, headers={"retry-after": "30"})

        return endpoint

    def _made(self, view: View, request: Request, body: bytes, pace: Pace) -> Response:
        """The view's page, or a page that says that something is broken: never an empty result.

        Raises:
            BusyError: families have to come first for too long.
        """
        try:
            sent = form_of(request, body) if request.method == "POST" else Sent()
            return self._shown(request, view(request, sent, pace))
        except BusyError:
            raise
        except QuestionError as error:
            return self._shown(request, trouble("form", 422, said=str(error)))
        except AllchatError as error:
            log.error("staff: no page: %s", type(error).__name__)
            return self._shown(request, trouble("broken", 503, said=str(error)))
        except Exception as error:  # noqa: BLE001 - the outermost door: no traceback leaves, and no text enters a log
            log.error("staff: no page, unexpectedly: %s", type(error).__name__)
            return self._shown(request, trouble("broken", 500))

    def _unknown(self, request: Request) -> Response:
        """To the sign-in; a form that was sent meanwhile is not lost without a word."""
        if request.method == "POST":
            return self._shown(request, trouble("ended", 403), inside=False)
        return RedirectResponse("/staff/sign-in", status_code=303)

    async def _sign_in(self, request: Request) -> Response:
        if request.method != "POST":
            return self._shown(request, Page("sign_in.html", {"error": ""}), inside=False)
        address = request.client.host if request.client else ""
        if foreign(request):
            return self._shown(request, trouble("foreign", 403), inside=False)
        if not self._login.may_try(address):
            page = Page("sign_in.html", {"error": self._words["sign_in_wait"]}, 429)
            return self._shown(request, page, inside=False, headers={"retry-after": "30"})
        try:
            password = form_of(request, await request.body()).text("password")
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
            return self._shown(request, trouble("foreign", 403), inside=False)
        self._login.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/staff/sign-in", status_code=303)
        answer.delete_cookie(COOKIE, path="/staff", httponly=True, samesite="strict")
        return answer

    def _shown(
        self, request: Request, page: Page, *, inside: bool = True, headers: Mapping[str, str] | None = None
    ) -> Response:
        html = self._templates.get_template(page.template).render(
            page.values, w=self._words, style=self._style, path=request.url.path, inside=inside
        )
        return Response(html, status_code=page.status, headers=dict(headers or {}), media_type=page.media)


def staff_router(
    chat: Chat | Following, *, password: str, counts: Counts | None = None, reports: Path | None = None
) -> APIRouter:
    """The staff's pages over an opened chat, behind ``password``; ``counts`` are shown where they are kept, and what
    the staff report goes to the file ``reports``, where there is one.

    Raises:
        SettingsError: the password is too short to be one.
    """
    desk = Desk(chat, counts, Wordings(reports) if reports else None)
    return Staff(desk, Login(password)).router()
