"""The harness's doors in our own shape: ``POST /v1/ask``, ``POST /v1/batch`` and their OpenAPI schema."""

from __future__ import annotations

import math
import time
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from allchat.answering.query import QUESTION_CHARACTERS, Asked
from allchat.records import Answer
from allchat.web.answer_queue import Capacity
from allchat.web.errors import BROKEN, TOO_MANY, Refusal, RefusedError, of_error
from allchat.web.middleware.heads import says_json
from allchat.web.middleware.rate_limit import Rate, client_of, cost_of
from allchat.web.outcome import Door
from allchat.wording import LANGUAGES

MAX_HISTORY = 10
"""Earlier questions that count; more may be sent."""

SENT_HISTORY = 100
BATCH_QUESTIONS = 100
BATCH_SECONDS = 20.0
"""Time of a whole batch: less than the process takes to drain and a proxy waits, so that what is answered arrives."""

MAX_ID = 200
_NO_NUL = r"^[^\u0000]*$"

QuestionText = Annotated[str, Field(min_length=1, max_length=QUESTION_CHARACTERS, pattern=_NO_NUL)]


def _known(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"it is none of {', '.join(LANGUAGES)}")
    return code


Language = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(LANGUAGES)})]
"""One of the languages of our own words."""


class Strict(BaseModel):
    """A request whose fields are these and no others, each of exactly its type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AskRequest(Strict):
    """One question of a family."""

    question: QuestionText = Field(description="The question, in words.", examples=["What is remission?"])
    history: list[QuestionText] = Field(
        [],
        max_length=SENT_HISTORY,
        description=f"The family's earlier questions, oldest first; the last {MAX_HISTORY} count.",
    )
    id: str = Field("q", max_length=MAX_ID, pattern=_NO_NUL, description="Comes back in the answer record.")
    language: Language | None = Field(
        None, description="Language of our own words; without it, the question's own. Quotes stay as they are."
    )

    def asked(self) -> Asked:
        """The question as the program takes it."""
        return Asked(self.question, tuple(self.history[-MAX_HISTORY:]), self.id, self.language)


class BatchRequest(Strict):
    """Questions to answer one after another, each on its own."""

    questions: list[AskRequest] = Field(min_length=1, max_length=BATCH_QUESTIONS)


class Fault(BaseModel):
    """Why there is no answer."""

    where: str
    what: str
    remedy: str


class ErrorBody(BaseModel):
    """A refusal or a failure; never shaped like an answer."""

    error: Fault


class BatchFailure(BaseModel):
    """What stands in the place of an answer that could not be made."""

    id: str
    error: Fault


class BatchAnswers(BaseModel):
    """One entry for each question, in the order of the questions."""

    answers: list[Answer | BatchFailure]


_STATUSES = {
    400: "The body is not JSON in UTF-8.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "The request is not as described here, or the question cannot be taken as it is.",
    429: "Too many questions of this client within a minute; see Retry-After.",
    500: "Something broke, or a quote does not match its source; the answer is withheld.",
    503: "Too many are asking, or there is no index to answer from; see Retry-After.",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": description} for status, description in _STATUSES.items()
}


def api_router(capacity: Capacity, *, rate: Rate, batch_seconds: float = BATCH_SECONDS) -> APIRouter:
    """The routes of our own shape; a batch has ``batch_seconds`` in all."""
    router = APIRouter(tags=["allchat"], responses=REFUSALS)

    @router.post("/v1/ask", operation_id="ask")
    async def ask(request: Request, body: AskRequest) -> Answer:
        """Answer one question with verified quotes."""
        asked = body.asked()
        over = rate.over(request.scope, cost=cost_of(asked.question, asked.history))
        return await answer_or_refuse(capacity, asked, door="ask", over=over)

    @router.post("/v1/batch", operation_id="batch")
    async def batch(request: Request, body: BatchRequest) -> BatchAnswers:
        """Answer questions in their order, one at a time, for 20 seconds; where one fails, its place says why."""
        client = client_of(request.scope)
        costs = sum(cost_of(asked.question, asked.history) for asked in map(AskRequest.asked, body.questions))
        if rate.holds(client) and costs > rate.per_minute:
            raise RefusedError(_beyond(rate))
        # The gate has counted one question already.
        more = costs - 1
        if more and not rate.allows(client, seconds=time.monotonic(), questions=more):
            raise RefusedError(TOO_MANY)
        until = time.monotonic() + batch_seconds
        return BatchAnswers(answers=[await _entry(capacity, question, until=until) for question in body.questions])

    return router


def _beyond(rate: Rate) -> Refusal:
    """The refusal of a batch that no waiting would let through."""
    what = f"it holds more than one client may ask within a minute, {rate.per_minute} short questions"
    return Refusal(422, "questions", what, "send fewer at once, or let the operator raise questions_per_minute")


OUT_OF_TIME = Refusal(503, "batch", "the time of the batch was over before this question", "ask it again")


async def _entry(capacity: Capacity, question: AskRequest, *, until: float) -> Answer | BatchFailure:
    seconds = until - time.monotonic()
    try:
        if seconds <= 0:
            raise RefusedError(OUT_OF_TIME)
        return await answer_or_refuse(capacity, question.asked(), door="batch", seconds=seconds)
    except RefusedError as refused:
        return BatchFailure(id=question.id, error=Fault(**refused.refusal.content()["error"]))


async def answer_or_refuse(
    capacity: Capacity, asked: Asked, *, door: Door, seconds: float = math.inf, over: Refusal | None = None
) -> Answer:
    """The answer; ``seconds`` as in ``Capacity.ask``. Who is ``over`` a limit is answered only where a rule finds the
    message urgent.

    Raises:
        RefusedError: the question cannot be taken (422), too many are asking (503), or something is broken on our side
            (500, 503).
    """
    try:
        if over is None:
            return await capacity.ask(asked, door=door, seconds=seconds)
        alarm = await capacity.alarm(asked, door=door)
    except Exception as error:  # noqa: BLE001 - the outermost door: no traceback leaves, and no question enters a log
        raise RefusedError(of_error(error)) from None
    if alarm is None:
        raise RefusedError(over)
    return alarm


_AS_JSON = 'send Content-Type: application/json and a body such as {"question": "What is remission?"}'
NOT_JSON = Refusal(400, "body", "the body is not JSON in UTF-8", _AS_JSON)
_SHAPE = "GET /v1/openapi.json describes the request"


def of_validation(error: RequestValidationError, *, declared: str) -> Refusal:
    """The refusal of a body that is not as described; ``declared`` is its content type.

    It names fields of ours and never one that was sent, and repeats no value.
    """
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return NOT_JSON
    if not says_json(declared):
        return Refusal(415, "content-type", "the body is not declared as JSON", _AS_JSON)
    unknown = first["type"] == "extra_forbidden"
    where = _place(first["loc"][:-1] if unknown else first["loc"])
    what = "it holds a field that is not known here" if unknown else _fact(first)
    return Refusal(422, where, what, _SHAPE)


def _fact(error: Any) -> str:
    """What is wrong, in words that pydantic does not fill with what was sent."""
    if error["type"] == "string_pattern_mismatch":
        return "it holds a NUL character"
    if error["type"] == "union_tag_invalid":
        return f"it is none of {error['ctx']['expected_tags']}"
    fact = str(error["msg"]).removeprefix("Value error, ")
    return fact[0].lower() + fact[1:]


def _place(location: tuple[int | str, ...]) -> str:
    """The field, such as ``messages.0.content``, without what pydantic adds to it for alternatives."""
    added = ("user", "str")
    names = [str(part) for part in location if isinstance(part, int) or (part.isidentifier() and part not in added)]
    return ".".join(names[1:] or names) or BROKEN.where
