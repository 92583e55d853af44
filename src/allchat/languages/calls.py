"""Whom to call, for one who writes in a language in which nothing is searched."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import SettingsError
from allchat.parsing import parse_toml
from allchat.parts import Fixed

CALL = "call."
"""The name of a call begins so, and ends with its language: each stands in a language of its own."""


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


def call_parts(language: str, *, emergency_number: str) -> tuple[Fixed, ...]:
    """What is understood here and whom to call: in the language where it is known, and in English unless a speaker has
    signed it.
    """
    known = calls()
    signed = language in known and known[language].signed
    codes = [code for code in dict.fromkeys((language, *([] if signed else ["en"]))) if code in known]
    number = (("emergency_number", emergency_number),)
    return tuple(Fixed(f"{CALL}{code}", code, known[code].text, number) for code in codes)
