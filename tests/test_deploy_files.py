"""deploy/: what its files say to each other, and to allchat's own settings and limits."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deployed_site import CONF, DEPLOY, ENVIRONMENT, NAME, UNIT

from allchat.settings import PREFIX, SECRETS, Settings
from allchat.web.middleware.routes import STAFF_BODY
from allchat.web.uvicorn_server import DRAIN_SECONDS, IDLE_SECONDS

README = (DEPLOY / "README.md").read_text(encoding="utf-8")


def test_doctor_is_run_as_the_unit_runs_a_process() -> None:
    (line,) = (line for line in README.splitlines() if line.startswith("systemd-run "))
    given = re.findall(r" -p (\S+)", line)
    assert {one.partition("=")[0] for one in given} >= {"DynamicUser", "User", "StateDirectory", "EnvironmentFile"}
    assert [one for one in given if f"\n{one}\n" not in UNIT] == []
    assert line.endswith(" /opt/allchat/.venv/bin/allchat doctor")


def test_a_proxy_on_another_machine_is_let_in_where_the_files_say_so() -> None:
    named = re.search(rf"^# {PREFIX}TRUSTED_PROXIES=127.0.0.1 (\S+)$", ENVIRONMENT, re.MULTILINE)
    assert named is not None
    assert f"\nIPAddressAllow={named[1]}\n" in README
    # The host is the environment's to choose; without one a process listens where the unit lets callers in from.
    assert f"# {PREFIX}HOST=" in ENVIRONMENT
    assert "--host" not in UNIT
    assert Settings().host == "127.0.0.1"
    assert "\nIPAddressDeny=any\nIPAddressAllow=localhost\n" in UNIT


def servers(text: str) -> list[list[str]]:
    """The directives of each server block, without those of the blocks inside it."""
    bare = re.sub(r"(?m)#.*$", "", text)
    found = []
    for begin in re.finditer(r"^server \{$", bare, re.MULTILINE):
        body = bare[begin.end() : bare.index("\n}", begin.end())]
        found.append([" ".join(line.split()) for line in re.sub(r"\{[^{}]*\}", "", body).split(";")])
    return found


def test_every_server_of_nginx_writes_no_address_and_says_no_version() -> None:
    blocks = servers(CONF)
    assert len(blocks) == len(re.findall(r"^\s*server \{", CONF, re.MULTILINE)) == 2
    for block in blocks:
        wanted = {"access_log off", "error_log /var/log/nginx/allchat.log crit", "server_tokens off"}
        assert wanted <= set(block)
        assert f"server_name {NAME}" in block
        assert [line for line in block if line.startswith("listen ") and not line.endswith(" default_server")] == []
    assert re.findall(r"^\s*(?:access_log|error_log) .*", CONF, re.MULTILINE) == [
        "    access_log off;", "    error_log /var/log/nginx/allchat.log crit;"
    ] * 2  # fmt: skip


def test_no_address_that_nginx_sends_to_is_what_a_client_called_us() -> None:
    sent = re.findall(r"^\s*(?:return 30\d|rewrite|add_header Location) (.*);", CONF, re.MULTILINE)
    assert sent == ["https://$server_name$request_uri"]


def test_what_nginx_lets_through_is_what_allchat_takes() -> None:
    sizes = re.findall(r"^\s*(client_\w+_size) (\d+)m;", CONF, re.MULTILINE)
    largest = {"client_max_body_size": 1, "client_body_buffer_size": 1}
    assert sorted(sizes) == sorted((name, str(size)) for name in largest for size in (1, STAFF_BODY // 1024**2))


def test_the_times_of_nginx_fit_those_of_allchat() -> None:
    seconds = {name: int(value) for name, value in re.findall(r"^\s+(\w+) (\d+)s;", CONF, re.MULTILINE)}
    upstream = CONF.partition("upstream allchat {")[2].partition("}")[0]
    kept = re.search(r"keepalive_timeout (\d+)s;", upstream)
    assert kept is not None
    assert int(kept[1]) < IDLE_SECONDS
    longest = next(bound.le for bound in Settings.model_fields["question_seconds"].metadata if hasattr(bound, "le"))
    assert longest < DRAIN_SECONDS < seconds["proxy_read_timeout"]


def test_a_sent_question_is_never_sent_again_by_nginx() -> None:
    rules = re.findall(r"^\s*proxy_next_upstream (.*);", CONF, re.MULTILINE)
    assert rules == ["error timeout"]


def test_the_example_of_an_environment_names_settings_and_holds_no_secret() -> None:
    lines = (DEPLOY / "allchat.env.example").read_text(encoding="utf-8").splitlines()
    given = dict(re.findall(r"^(?:# )?(ALLCHAT_\w+)=(.*)$", line)[0] for line in lines if "ALLCHAT_" in line)
    names = {name.removeprefix(PREFIX).lower() for name in given}
    assert names <= set(Settings.model_fields)
    assert set(SECRETS) <= names
    assert {given[f"{PREFIX}{name.upper()}"] for name in SECRETS} == {""}


@pytest.mark.parametrize("name", ["allchat@.service", "allchat-build.service"])
def test_a_unit_is_understood_by_systemd_and_runs_without_rights(name: str, tmp_path: Path) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for line in (
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "LimitCORE=0",
    ):
        assert f"\n{line}\n" in text
    stop = re.search(r"TimeoutStopSec=(\d+)", text)
    assert stop is None or int(stop[1]) > DRAIN_SECONDS
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine: what systemd makes of the unit was not checked")
    for unit in ("allchat@.service", "allchat-build.service"):
        words = (DEPLOY / unit).read_text(encoding="utf-8").replace("/opt/allchat/.venv/bin/allchat", sys.executable)
        (tmp_path / unit.replace("@", "@7861")).write_text(words)
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name.replace("@", "@7861"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in found.stderr.splitlines() if str(tmp_path) in line or name.partition("@")[0] in line]
    assert told == []
