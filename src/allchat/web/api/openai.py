"""OpenAI's doors: ``POST /v1/chat/completions``, whole or as a stream, and ``GET /v1/models``.

Any client of OpenAI's API can ask allchat. What it sends of a conversation is taken as follows: the last message is the
question, the user's messages before it are the history, and every other message is left aside. Text of a system, an
assistant or a tool is not evidence and is never quoted.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from allchat.answering.query import QUESTION_CHARACTERS, Asked
from allchat.answering.texts import paragraphs
from allchat.records import Answer
from allchat.web.answer_queue import Capacity
from allchat.web.api.ask import MAX_HISTORY, REFUSALS, Language, QuestionText, answer_or_refuse
from allchat.web.errors import Refusal, RefusedError
from allchat.web.middleware.rate_limit import Rate, cost_of

MODEL = "allchat"
MAX_MESSAGES = 200
_HOST = re.compile(r"https?://[\w.\-:\[\]]+/")


class TextPart(BaseModel):
    """A piece of a user's message; pieces of other types cannot be read."""

    model_config = ConfigDict(strict=True)

    type: Literal["text"]
    text: QuestionText


class UserMessage(BaseModel):
    """A message of the user: the question, or one before it."""

    model_config = ConfigDict(strict=True)

    role: Literal["user"]
    content: QuestionText | Annotated[list[TextPart], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _is_no_longer_than_a_question(self) -> UserMessage:
        if len(self.words()) > QUESTION_CHARACTERS:
            raise ValueError(f"a message of the user has at most {QUESTION_CHARACTERS} characters")
        return self

    def words(self) -> str:
        """The text of the message."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class OtherMessage(BaseModel):
    """A message that is not the user's. Whatever it holds is left aside."""

    role: Literal["assistant", "system", "developer", "tool", "function"]


Message = Annotated[UserMessage | OtherMessage, Field(discriminator="role")]


class ResponseFormat(BaseModel):
    """Answers are Markdown; no other format can be asked for."""

    type: Literal["text"]


class CompletionRequest(BaseModel):
    """OpenAI's request.

    What steers a writing model (``temperature``, ``max_tokens``, ``stop``, ``seed``, ``tools``, ...) is accepted and
    has no effect: allchat writes nothing, and cuts no quote short.
    """

    model_config = ConfigDict(strict=True)

    model: str = Field(description=f"Always `{MODEL}`.", json_schema_extra={"const": MODEL})
    messages: list[Message] = Field(
        min_length=1,
        max_length=MAX_MESSAGES,
        description=f"The last is the question. Of those before, the last {MAX_HISTORY} of the user are the history.",
        examples=[[{"role": "user", "content": "What is remission?"}]],
    )
    stream: bool | None = Field(None, description="Send the answer, when it is verified, as server-sent events.")
    n: Annotated[int, Field(ge=1, le=1)] | None = Field(None, description="Only 1: the same question has one answer.")
    logprobs: bool | None = Field(
        None, description="Only false: nothing is generated.", json_schema_extra={"const": False}
    )
    response_format: ResponseFormat | None = None
    language: Language | None = Field(None, description="An extension: the language of our own words.")

    @field_validator("messages")
    @classmethod
    def _the_last_asks(cls, messages: list[Message]) -> list[Message]:
        if not isinstance(messages[-1], UserMessage):
            raise ValueError("the last message is not the user's; end the conversation with the question")
        return messages

    @field_validator("logprobs")
    @classmethod
    def _there_are_none(cls, logprobs: bool | None) -> bool | None:  # noqa: FBT001 - a field's validator
        if logprobs:
            raise ValueError("there are no probabilities; leave logprobs out")
        return logprobs

    def asked(self) -> Asked:
        """The question and its history."""
        *history, question = [message.words() for message in self.messages if isinstance(message, UserMessage)]
        return Asked(question, tuple(history[-MAX_HISTORY:]), language=self.language)


class Said(BaseModel):
    """The answer's text."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer there is."""

    index: Literal[0] = 0
    message: Said
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Completion(BaseModel):
    """OpenAI's response. ``allchat`` is an extension: the whole answer record, with kind and citations."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970.")
    model: str = MODEL
    system_fingerprint: str = Field(description="The index that the answer is from.")
    choices: list[Choice]
    allchat: Answer


class Model(BaseModel):
    """OpenAI's description of a model."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = Field(description="Seconds since 1970 at which the index was built.")
    owned_by: str = MODEL


class Models(BaseModel):
    """The models: allchat alone."""

    object: Literal["list"] = "list"
    data: list[Model]


class OpenAIFault(BaseModel):
    """OpenAI's description of an error."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's shape of an error."""

    error: OpenAIFault


_EVENT = {
    "type": "object",
    "description": "Its data is a chat.completion.chunk as JSON, the last of them with `allchat`; then [DONE].",
    "properties": {"data": {"type": "string"}},
    "required": ["data"],
}
_STREAM = {"content": {"text/event-stream": {"schema": _EVENT}}}
_REFUSALS = {
    status: {**refusal, "model": OpenAIError} for status, refusal in REFUSALS.items()
} | {404: {"model": OpenAIError, "description": f"Another model than {MODEL} was asked for."}}  # fmt: skip


def completions_router(capacity: Capacity, *, rate: Rate, built: Callable[[], float]) -> APIRouter:
    """The routes in OpenAI's shape; ``built`` gives the time of the index, in seconds since 1970."""
    router = APIRouter(tags=["OpenAI"])

    @router.post(
        "/v1/chat/completions",
        operation_id="chat_completions",
        response_model=Completion,
        responses={**_REFUSALS, 200: _STREAM},
    )
    async def chat_completions(request: Request, body: CompletionRequest) -> Response:
        """Answer the last message; as a stream, the verified answer in paragraphs."""
        _known(body.model)
        asked = body.asked()
        over = rate.over(request.scope, cost=cost_of(asked.question, asked.history))
        answer = await answer_or_refuse(capacity, asked, door="completions", over=over)
        said = linked(answer, base=str(request.base_url))
        completion = _completion(answer, content="\n\n".join(said))
        if body.stream:
            return StreamingResponse(_events(completion, said), media_type="text/event-stream")
        return JSONResponse(completion.model_dump(mode="json"))

    @router.get("/v1/models", operation_id="models")
    async def models() -> Models:
        """The one model."""
        return Models(data=[Model(created=int(built()))])

    @router.get("/v1/models/{model}", operation_id="model", responses={404: _REFUSALS[404], 422: _REFUSALS[400]})
    async def model(model: str) -> Model:
        """One model."""
        _known(model)
        return Model(created=int(built()))

    return router


def _known(model: str) -> None:
    if model != MODEL:
        raise RefusedError(Refusal(404, "model", "there is no such model", f'ask for "{MODEL}"'))


def _completion(answer: Answer, *, content: str) -> Completion:
    return Completion(
        id=f"chatcmpl-{uuid.uuid4().hex}",
        created=int(time.time()),
        system_fingerprint=answer.versions.get("index", ""),
        choices=[Choice(message=Said(content=content))],
        allchat=answer,
    )


def linked(answer: Answer, *, base: str) -> list[str]:
    """The answer as paragraphs of Markdown, each number a link to the quote in its source, the notices below.

    ``base`` is the address that the client called, with a slash at its end; one that is no plain address, such as a
    forged Host, is left out and the links are relative.
    """
    links = {citation.number: citation.link for citation in answer.citations}
    root = base.rstrip("/") if _HOST.fullmatch(base) else ""
    said = paragraphs(answer.parts.said, mark=lambda number: f"[[{number}]]({root}{links[number]})")
    return [*said, *answer.notices]


async def _events(completion: Completion, said: Sequence[str]) -> AsyncIterator[str]:
    """The completion as OpenAI's events: the role, a paragraph at a time, the end with the answer record."""
    about = completion.model_dump(mode="json", include={"id", "created", "model", "system_fingerprint"})

    def event(delta: dict[str, str], *, finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {json.dumps({**about, 'object': 'chat.completion.chunk', 'choices': [choice], **more})}\n\n"

    yield event({"role": "assistant", "content": ""})
    for number, paragraph in enumerate(said, 1):
        yield event({"content": paragraph if number == len(said) else f"{paragraph}\n\n"})
    yield event({}, finish="stop", allchat=completion.model_dump(mode="json", include={"allchat"})["allchat"])
    yield "data: [DONE]\n\n"
