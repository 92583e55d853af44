"""Whom to call, for one who writes in a language in which nothing is searched."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import SettingsError
from allchat.parsing import parse_toml


class Call(BaseModel):
    """What is said in one language; ``languages/calls.toml`` says what each field is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(pattern=r"\S")
    text: str = Field(pattern=r"\{emergency_number\}")
    signed: str
    dir: Literal["ltr", "rtl"] = "ltr"
    script: str = ""
    words: list[str] = []


@cache
def calls() -> dict[str, Call]:
    """What is said in each language, by its code; English first.

    Raises:
        SettingsError: the file is missing, or not as described at its top.
    """
    file = files("allchat").joinpath("languages/calls.toml")
    try:
        return {code: Call.model_validate(table) for code, table in parse_toml(file.read_bytes()).items()}
    except (OSError, ValueError, ValidationError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file.") from error


def call_text(language: str, *, emergency_number: str) -> str:
    """What is understood here and whom to call: in the language where it is known, and in English unless a speaker has
    signed it.
    """
    known = calls()
    own = [known[language]] if language in known else []
    said = own if own and own[0].signed else dict.fromkeys((*(call.text for call in own), known["en"].text))
    texts = (part if isinstance(part, str) else part.text for part in said)
    return "\n\n".join(text.format(emergency_number=emergency_number) for text in texts)


def language_of(paragraph: str) -> tuple[str, str] | None:
    """The code and direction of the language in which a paragraph of ``call_text`` is; None for any other."""
    for code, call in calls().items():
        before, _, after = call.text.partition("{emergency_number}")
        if paragraph.startswith(before) and paragraph.endswith(after):
            return code, call.dir
    return None
