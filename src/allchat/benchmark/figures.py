"""The figures of a run and of a comparison with peers; ``shapes`` writes them as JSON and reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from allchat.shapes import Sparse

Machine = Mapping[str, str | int | float]
"""What the figures were measured on, and its load before and after."""


@dataclass(frozen=True, slots=True)
class AnswerOver:
    """A whole answer over other work for the same questions: the medians of the ratios."""

    embedding: Annotated[float, Field(alias="embedding the question")]
    between_answers: Annotated[float, Field(alias="embedding between answers")]
    inside: Annotated[float, Field(alias="the embedding inside it")]
    limit: Annotated[float, Field(alias="arithmetic limit")]
    reference: Annotated[float, Field(alias="sentence-transformers")]


@dataclass(frozen=True, slots=True)
class OneQuestion:
    """What one question costs; ``median_ms`` and ``p95_ms`` by what was timed."""

    questions: int
    median_ms: Mapping[str, float]
    p95_ms: Mapping[str, float]
    stages_median_ms: Mapping[str, float]
    answer_over: AnswerOver
    share_searched_in_one_wording: float
    answer_over_embedding_where_one_wording: float | None
    embedding_over_limit: float


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds from the start of a process to an answer, and to a vector by sentence-transformers."""

    ask_s: float
    sentence_transformers_s: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Load:
    """What so many clients were told at once, by HTTP status, and how long they waited."""

    clients: int
    questions: int
    answers_per_second: float
    median_ms: float
    p95_ms: float
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a server over its questions; the slope, with its standard error, is that of the second half."""

    questions: int
    first_mb: float
    last_mb: float
    most_mb: float
    slope_mb_per_1000: float
    slope_error: float
    samples: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Serving:
    """A server at several numbers of clients, and its memory."""

    throughput: tuple[Load, ...]
    memory: Memory


@dataclass(frozen=True, slots=True)
class SteadyLoad(Load):
    """A server under load for a while; ``most_p95_ms`` is what the 95 % may take."""

    seconds: float
    most_p95_ms: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class BySize:
    """The search in an index of one size: among the vectors alone, and as a whole."""

    vectors: int
    search: str
    median_ms: float
    exact_median_ms: float
    recall_at_10: float
    whole_median_ms: float
    whole_p95_ms: float
    whole_first_median_ms: float
    memory_mb: float
    build_s: float
    open_s: Sparse[float] = None
    """Seconds to open it; figures of earlier runs do not have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The dearest input of a form: milliseconds until its page is there, those of the server's processor, which figures
    of earlier runs have not, and how many answers it costs.
    """

    ms: int
    processor_ms: Sparse[int] = None
    input: str
    over_an_answer: float


@dataclass(frozen=True, slots=True)
class StaffForms:
    """The staff's forms by their address, beside an answer."""

    answer_ms: float
    forms: Mapping[str, Form]


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A build from nothing, and after a change of one line, which figures of earlier runs have not."""

    seconds: float
    processor_s: Sparse[float] = None
    after_one_line_processor_s: Sparse[float] = None
    after_one_line: Sparse[str] = None
    blocks: int
    documents: int
    passages: int
    questions: int
    vectors: int
    seconds_per_1000_vectors: float
    seconds_per_1000_passages: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Every figure of one run; the last three are not measured in each."""

    quick: bool
    machine: Machine
    goals: Mapping[str, int | float]
    one_question: Annotated[OneQuestion, Field(alias="one question")]
    cold_start: Annotated[ColdStart, Field(alias="cold start")]
    serving: Serving
    search_by_size: Annotated[tuple[BySize, ...], Field(alias="search by size")]
    steady_load: Annotated[Sparse[SteadyLoad], Field(alias="steady load")] = None
    staff_forms: Annotated[Sparse[StaffForms], Field(alias="staff's forms")] = None
    building: Sparse[Building] = None


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """Median ms of a question for each side in each round, and a whole answer of ours over each."""

    machine: Machine
    questions: int
    rounds: int
    versions: Mapping[str, str]
    median_ms: Mapping[str, tuple[float, ...]]
    answer_over: Mapping[str, float]
    answer_over_fastest_peer: float
