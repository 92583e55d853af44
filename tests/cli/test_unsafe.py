"""Doctor warns of what works and is unsafe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from allchat.cli.main import cli
from allchat.cli.unsafe import unsafe_settings, writable
from allchat.settings import Settings

GOOD = SecretStr("0123456789abcdef01234567")
SAFE: list[dict[str, Any]] = [
    {},
    {"trusted_proxies": ("10.0.0.0/24", "2001:db8::1"), "allowed_origins": ("https://a.example",)},
    {"metrics_token": GOOD, "api_tokens": SecretStr(f"{GOOD.get_secret_value()} {GOOD.get_secret_value()}x")},
    {"emergency_number": "112", "crisis_number": "116 123", "poison_number": "+44 20 7188 0600"},
]
UNSAFE: list[tuple[dict[str, Any], str]] = [
    ({"trusted_proxies": ("0.0.0.0/0",)}, "lets anyone choose an address"),
    ({"trusted_proxies": ("::/0",)}, "lets anyone choose an address"),
    ({"trusted_proxies": ("127.0.0.1", "10.0.0.0/8")}, "10.0.0.0/8 lets anyone"),
    ({"allowed_origins": ("*",)}, "lets every site ask"),
    ({"allowed_origins": ("http://a.example",)}, "can be read and changed"),
    ({"embed_sites": ("http://a.example",)}, "can be read and changed"),
    ({"questions_per_minute": 0}, "lets one client take every place"),
    ({"metrics_token": SecretStr("short")}, "metrics_token: one is shorter than 24 characters"),
    ({"api_tokens": SecretStr(f"{GOOD.get_secret_value()} short")}, "api_tokens: one is shorter"),
    ({"emergency_number": "000"}, "is no number that anyone answers"),
    ({"poison_number": "1-800-555-0123"}, "is no number that anyone answers"),
    ({"crisis_number": "123"}, "is no number that anyone answers"),
]


def told(folder: Path, **values: Any) -> list[str]:
    settings = Settings(index=folder, corpus=folder, **values)
    return [finding.what for finding in unsafe_settings(settings)]


@pytest.mark.parametrize("values", SAFE)
def test_usual_settings_are_warned_of_in_nothing(values: dict[str, Any], tmp_path: Path) -> None:
    assert told(tmp_path, **values) == []


@pytest.mark.parametrize(("values", "words"), UNSAFE)
def test_what_leaves_something_open_is_warned_of(values: dict[str, Any], words: str, tmp_path: Path) -> None:
    (found,) = told(tmp_path, **values)
    assert words in found
    assert "short " not in found


def test_what_every_user_may_write_to_is_warned_of(tmp_path: Path) -> None:
    inside = tmp_path / "index" / "0123" / "encoder.onnx"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"")
    inside.chmod(0o666)
    assert next(writable(tmp_path)).startswith(f"{inside}: every user of this machine may write there")
    inside.chmod(0o644)
    inside.parent.chmod(0o777)
    assert "chmod -R o-w" in next(writable(tmp_path))
    inside.parent.chmod(0o1777)
    assert list(writable(tmp_path, tmp_path / "nowhere")) == []


def test_a_warning_fails_only_where_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALLCHAT_QUESTIONS_PER_MINUTE", "0")
    monkeypatch.setattr("allchat.cli.doctor.examine", lambda **_values: iter(()))
    plain, strict = (CliRunner().invoke(cli, ["doctor", *more]) for more in ([], ["--strict"]))
    assert (plain.exit_code, strict.exit_code) == (0, 1)
    assert "WARNING settings: questions_per_minute" in plain.output
    assert "1 warning." in plain.output
    monkeypatch.delenv("ALLCHAT_QUESTIONS_PER_MINUTE")
    assert CliRunner().invoke(cli, ["doctor", "--strict"]).exit_code == 0
