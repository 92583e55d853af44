"""allchat under inspect-ai: every answer must hold the pieces of text that its question expects.

LOCAL_API_KEY=none inspect eval examples/inspect_allchat.py \
    --model openai-api/local/allchat --model-base-url http://127.0.0.1:7860/v1
"""

from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import Sample, json_dataset
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState, generate

QUESTIONS = Path(__file__).with_name("questions.jsonl")


def sample(row: dict[str, Any]) -> Sample:
    """One question; its target is every piece of text that the answer must hold."""
    return Sample(id=row["id"], input=row["question"], target=row["expects"], metadata={"kind": row["kind"]})


@scorer(metrics=[accuracy(), stderr()])
def says_what_is_expected() -> Scorer:
    """Correct where the answer holds every expected piece of text, in small letters."""

    async def score(state: TaskState, target: Target) -> Score:
        missing = [piece for piece in target if piece not in state.output.completion.lower()]
        explanation = f"missing: {missing}" if missing else "all there"
        return Score(value=INCORRECT if missing else CORRECT, explanation=explanation)

    return score


@task
def allchat() -> Task:
    """The questions of examples/questions.jsonl."""
    return Task(
        dataset=json_dataset(str(QUESTIONS), sample_fields=sample), solver=generate(), scorer=says_what_is_expected()
    )
