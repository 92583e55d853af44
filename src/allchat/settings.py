"""Settings: what an operator may choose, from ``allchat.toml`` and from ``ALLCHAT_...`` in the environment.

Only the doors (cli, server, ui, evaluate) read them; everything else is handed plain values.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from allchat.errors import SettingsError

SETTINGS_FILE = "allchat.toml"
PREFIX = "ALLCHAT_"


class Settings(BaseSettings):
    """Every setting, with what it does. The environment wins over the file, the file over the default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    corpus: Path = Field(Path("corpus"), description="Folder of corpus.toml and the source texts.")
    index: Path = Field(Path("index"), description="Folder of the index that is built from the corpus.")
    model: str = Field("all-MiniLM-L6-v2", description="The packaged model, or the folder of a sentence-transformers model.")
    passage_tokens: int = Field(200, ge=20, le=8000, description="Most tokens (cl100k_base) in a passage.")
    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(7860, ge=0, le=65535, description="Port that the server listens on; 0 takes a free one.")
    allowed_origins: tuple[str, ...] = Field((), description="Other web origins that may call the server.")
    emergency_number: str = Field("911", description="Number to call in an emergency.")
    crisis_number: str = Field("988", description="Number to call or text in a crisis.")
    poison_number: str = Field("1-800-222-1222", description="Number of the poison help line.")
    region: str = Field("in the United States", description="Where these numbers work, as shown beside them.")
    care_team: str = Field("your child's care team", description="How the care team is named; an operator may add its number.")


def load_settings(path: Path | None = None, **chosen: Any) -> Settings:
    """The settings in force: what is ``chosen`` (None counts as not chosen), the environment, the file, the defaults.

    Raises:
        SettingsError: a name is unknown or a value is out of range, wherever it comes from.
    """
    values = {**_from_file(path), **_from_environment(), **{key: value for key, value in chosen.items() if value is not None}}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        fact = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise SettingsError(f"setting {name}: {fact}. The README lists every setting.") from error


def _from_file(path: Path | None) -> dict[str, Any]:
    file = path or Path(SETTINGS_FILE)
    if path is None and not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_bytes().decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file or remove it.") from error


def _from_environment() -> dict[str, Any]:
    # pydantic-settings passes over names it does not know: a misspelt one would be lost without a word.
    names = [name for name in os.environ if name.startswith(PREFIX)]
    unknown = sorted(name for name in names if name.removeprefix(PREFIX).lower() not in Settings.model_fields)
    if unknown:
        raise SettingsError(f"{unknown[0]} in the environment: there is no such setting. The README lists every setting.")
    return {name.removeprefix(PREFIX).lower(): os.environ[name] for name in names if name != f"{PREFIX}ALLOWED_ORIGINS"} | (
        {"allowed_origins": tuple(os.environ[f"{PREFIX}ALLOWED_ORIGINS"].split())} if f"{PREFIX}ALLOWED_ORIGINS" in os.environ else {}
    )
