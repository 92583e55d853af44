"""Settings: from the file and the environment, an unknown one refused, and each of them in the README."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT

from allchat.errors import SettingsError
from allchat.settings import PREFIX, SECRETS, Settings, load_settings, settings_table


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    return tmp_path


def write(text: str) -> Path:
    path = Path("allchat.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_without_file_and_environment_the_defaults_are_in_force() -> None:
    assert load_settings() == Settings()
    assert load_settings(index=None) == Settings()


def test_what_is_chosen_wins_over_the_environment_and_the_environment_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('port = 1001\nhost = "0.0.0.0"\nregion = "here"\n')
    monkeypatch.setenv("ALLCHAT_PORT", "1002")
    monkeypatch.setenv("ALLCHAT_HOST", "::1")
    found = load_settings(port=1003)
    assert (found.port, found.host, found.region) == (1003, "::1", "here")


def test_a_named_file_is_read_and_must_be_there(tmp_path: Path) -> None:
    write("port = 1001\n").rename("other.toml")
    assert load_settings(Path("other.toml")).port == 1001
    assert load_settings().port == Settings().port
    with pytest.raises(SettingsError, match=r"nowhere\.toml: cannot be read: .*Mend the file or remove it"):
        load_settings(Path("nowhere.toml"))


def test_origins_come_as_a_list_in_the_file_and_with_spaces_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write('allowed_origins = ["https://a.example"]\n')
    assert load_settings().allowed_origins == ("https://a.example",)
    monkeypatch.setenv("ALLCHAT_ALLOWED_ORIGINS", "https://b.example  https://c.example")
    assert load_settings().allowed_origins == ("https://b.example", "https://c.example")
    monkeypatch.setenv("ALLCHAT_ALLOWED_ORIGINS", "")
    assert load_settings().allowed_origins == ()


def test_trusted_proxies_are_addresses_or_networks_and_never_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().trusted_proxies == ("127.0.0.1", "::1")
    monkeypatch.setenv("ALLCHAT_TRUSTED_PROXIES", "192.0.2.10 2001:db8::/64")
    assert load_settings().trusted_proxies == ("192.0.2.10", "2001:db8::/64")
    for everyone in ("*", "127.0.0.1 *", "proxy.example.org"):
        monkeypatch.setenv("ALLCHAT_TRUSTED_PROXIES", everyone)
        with pytest.raises(SettingsError, match="trusted_proxies"):
            load_settings()


def test_a_secret_comes_from_the_environment_alone_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    write('metrics_token = "hunter2"\n')
    with pytest.raises(SettingsError, match=r"a secret\. Put it into the environment as ALLCHAT_METRICS_TOKEN") as told:
        load_settings()
    assert "hunter2" not in str(told.value)
    write("")
    monkeypatch.setenv("ALLCHAT_METRICS_TOKEN", "hunter2")
    settings = load_settings()
    assert settings.metrics_token.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("prot = 1\n", "setting prot: there is no such setting"),
        ('port = "many"\n', "setting port: "),
        ("port = 65536\n", "setting port: Input should be less than or equal to 65535"),
        ("port = -1\n", "setting port: "),
        ("passage_tokens = 19\n", "setting passage_tokens: "),
        ('emergency_number = ""\n', "setting emergency_number: "),
        ('care_team = "  "\n', "setting care_team: "),
        ('emergency_number = "911) [x](javascript:alert(1)"\n', "setting emergency_number: "),
        ('crisis_number = "call us"\n', "setting crisis_number: "),
        ('poison_number = "1-800-HELP"\n', "setting poison_number: "),
        ("allowed_origins = 1\n", "setting allowed_origins: "),
        ("[server]\nport = 1\n", "setting server: there is no such setting"),
        ("port = \n", "allchat.toml: cannot be read"),
    ],
)
def test_a_wrong_setting_in_the_file_is_refused_with_its_name(text: str, fact: str) -> None:
    write(text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert fact in str(raised.value)


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    Path("allchat.toml").write_bytes(b'region = "caf\xe9"\n')
    with pytest.raises(SettingsError, match=r"allchat\.toml: cannot be read"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("ALLCHAT_PROT", "1", "ALLCHAT_PROT in the environment: there is no such setting. The README lists"),
        ("ALLCHAT_", "1", "ALLCHAT_ in the environment: there is no such setting"),
        ("ALLCHAT_PORT", "many", "setting port: "),
        ("ALLCHAT_PORT", "", "setting port: "),
        ("ALLCHAT_CRISIS_NUMBER", "", "setting crisis_number: "),
    ],
)
def test_a_wrong_setting_in_the_environment_is_refused_with_its_name(
    name: str, value: str, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert fact in str(raised.value)


def test_a_secret_comes_from_the_environment_alone_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLCHAT_STAFF_PASSWORD", "a long password")
    found = load_settings()
    assert found.staff_password.get_secret_value() == "a long password"
    assert "a long password" not in f"{found!r} {found} {found.model_dump_json()}"
    for name in SECRETS:
        write(f'{name} = "a long password"\n')
        with pytest.raises(
            SettingsError, match=rf"{name} is a secret\. Put it into the environment as ALLCHAT_"
        ) as raised:
            load_settings()
        assert "a long password" not in str(raised.value)
        assert f"| only in the environment | `{PREFIX}{name.upper()}` |" in settings_table()


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(SettingsError, match="setting colour: there is no such setting"):
        load_settings(colour="blue")


def test_settings_cannot_be_changed_once_they_are_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_does() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_readme_lists_every_setting_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert block == settings_table(), "put what settings_table() gives between the marks in README.md"
