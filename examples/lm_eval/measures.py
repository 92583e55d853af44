"""How the task allchat counts an answer, for lm-eval."""

from typing import Any


def says_what_is_expected(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """1 where the answer holds every expected piece of text, in small letters, else 0."""
    answer = results[0].lower()
    return {"says_what_is_expected": float(all(piece in answer for piece in doc["expects"]))}
