"""Settings: what an operator may choose, from ``allchat.toml`` and from ``ALLCHAT_...`` in the environment.

Only the doors (cli, server, ui, evaluate) read them; everything else is handed plain values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from allchat.addresses import PHONE
from allchat.contact import USUAL_CONTACT
from allchat.errors import SettingsError
from allchat.parsing import parse_toml

SETTINGS_FILE = "allchat.toml"
PREFIX = "ALLCHAT_"
SECRETS = ("metrics_token", "api_tokens", "staff_password")
"""Settings that come from the environment alone: a file is copied, shown and kept."""

_Words = Annotated[str, Field(pattern=r"\S")]
"""Said to families: empty, it would be worse than none set."""

_Phone = Annotated[str, Field(pattern=PHONE)]


class Settings(BaseSettings):
    """Every setting, with what it does. The environment wins over the file, the file over the default."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    corpus: Path = Field(Path("corpus"), description="Folder of corpus.toml and the source texts.")
    index: Path = Field(Path("index"), description="Folder of the index that is built from the corpus.")
    store: str = Field(
        "",
        pattern=r"^$|^postgres(ql)?://|^file:///",
        description="Where machines share the index: `file:///folder`, or the URL of a PostgreSQL with pgvector "
        "without a password; none do.",
    )
    model: _Words = Field(
        "all-MiniLM-L6-v2", description="The packaged model, or the folder of a sentence-transformers model."
    )
    passage_tokens: int = Field(200, ge=20, le=8000, description="Most tokens (cl100k_base) in a passage.")
    host: _Words = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(7860, ge=0, le=65535, description="Port that the server listens on; 0 takes a free one.")
    allowed_origins: tuple[str, ...] = Field(
        (), description="Other web origins that may call the server; in the environment, spaces between."
    )
    embed_sites: tuple[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")], ...] = Field(
        (), description="Sites whose pages may show the page in a frame, at `/embed` and `/es/embed`; spaces between."
    )
    trusted_proxies: tuple[Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$")], ...] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed; spaces between.",
    )
    questions_per_minute: int = Field(
        120, ge=0, description="Most questions of one client address a minute; 0 for no limit."
    )
    question_seconds: float = Field(
        20, gt=0, le=25, description="Most seconds that a question waits for its answer before it is told to come back."
    )
    log_requests: bool = Field(
        default=True, description="Write a line for every question and request: kind, route, times, and no word of it."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token for `/metrics`; without one, only this machine reads them."
    )
    api_tokens: SecretStr = Field(
        SecretStr(""),
        description="Bearer tokens for `/v1`, spaces between: the new beside the old while they change; none needed.",
    )
    emergency_number: _Phone = Field(USUAL_CONTACT.emergency_number, description="Number to call in an emergency.")
    crisis_number: _Phone = Field(USUAL_CONTACT.crisis_number, description="Number to call or text in a crisis.")
    poison_number: _Phone = Field(USUAL_CONTACT.poison_number, description="Number of the poison help line.")
    region: _Words = Field(USUAL_CONTACT.region, description="Where these numbers work, as shown beside them.")
    care_team: _Words = Field(
        USUAL_CONTACT.care_team, description="How the care team is named; an operator may add its number."
    )
    staff_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the staff's pages at /staff, 12 characters or more; without it there are none.",
    )
    votes: Path | None = Field(
        None,
        description="File for votes on answers (a random name and the vote, never a question); none are asked for.",
    )
    counts: Path | None = Field(
        None,
        description="Folder for counts by day (kinds, reasons, rules, nearest sections; in fives, never a word, for 90 "
        "days); nothing is counted.",
    )
    reports: Path | None = Field(
        None,
        description="File for wordings that the staff report at `/staff/why` (what they type alone); none are taken.",
    )

    @field_validator("store")
    @classmethod
    def _without_password(cls, url: str) -> str:
        if re.search(r"://[^/?]*:[^/?]*@|[?&]password=", url):
            raise ValueError("it holds a password. Put that into the file that PGPASSFILE names, or into PGPASSWORD")
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what ``load_settings`` hands in: it reads the environment itself, and refuses what it does not know."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load_settings(path: Path | None = None, **chosen: Any) -> Settings:
    """The settings in force: what is ``chosen`` (None counts as not chosen), the environment, the file, the defaults.

    Without ``path`` the file is ``allchat.toml`` here, if there is one. Paths in it are read from where allchat runs.

    Raises:
        SettingsError: a name is unknown or a value is out of range, wherever it comes from.
    """
    values = {name: value for values in _given(path, chosen).values() for name, value in values.items()}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        fact = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise SettingsError(f"setting {name}: {fact}. The README lists every setting.") from error


def settings_in_force(path: Path | None = None, **chosen: Any) -> dict[str, tuple[str, str]]:
    """Each setting's value in words and where it comes from: "default", "file", "environment" or "option".

    A secret's value is "set" or "not set". Arguments and errors are those of ``load_settings``.
    """
    settings, given = load_settings(path, **chosen), _given(path, chosen)
    shown: dict[str, tuple[str, str]] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if name in SECRETS:
            value = "set" if value.get_secret_value() else "not set"
        words = " ".join(value) if isinstance(value, tuple) else str(value)
        shown[name] = words, next((origin for origin in reversed(given) if name in given[origin]), "default")
    return shown


def _given(path: Path | None, chosen: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each place gives, the stronger later."""
    options = {name: value for name, value in chosen.items() if value is not None}
    return {"file": _from_file(path), "environment": _from_environment(), "option": options}


def _from_file(path: Path | None) -> dict[str, Any]:
    file = path or Path(SETTINGS_FILE)
    if path is None and not file.exists():
        return {}
    try:
        values = parse_toml(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file or remove it.") from error
    for name in SECRETS:
        if name in values:
            raise SettingsError(f"{file}: {name} is a secret. Put it into the environment as {PREFIX}{name.upper()}.")
    return values


def _from_environment() -> dict[str, Any]:
    # pydantic-settings passes over names it does not know: a misspelt one would be lost without a word.
    values: dict[str, Any] = {}
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            if name not in Settings.model_fields:
                raise SettingsError(
                    f"{variable} in the environment: there is no such setting. The README lists every setting."
                )
            words = os.environ[variable]
            values[name] = words.split() if name in ("allowed_origins", "embed_sites", "trusted_proxies") else words
    return values


def settings_table() -> str:
    """Every setting as the rows of the README's table, in the order of the fields."""
    rows = ["| in `allchat.toml` | in the environment | default | what |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        file = "only in the environment" if name in SECRETS else f"`{name}`"
        default = " ".join(field.default) if isinstance(field.default, tuple) else str(field.default or "")
        shown = f"`{str(default).lower() if field.annotation is bool else default}`" if default else "none"
        rows.append(f"| {file} | `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)
