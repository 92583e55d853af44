"""The Containerfile: its steps make what serves, and that runs as a user without rights from a disk to which nothing
can be written, not even /tmp.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from container import HOME, Stage, missing_rights, read_only, stages, steps
from environments import posted, served_by
from licences import runtime
from packaging.utils import canonicalize_name
from places import ROOT

FILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
QUESTION = json.dumps({"question": "What is a spinal tap?"}).encode()

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(built_index: Path) -> Iterator[dict[str, Stage]]:
    # Beside the other caches: pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache", prefix="container-") as folder:
        yield stages(FILE, work=Path(folder), index=built_index)


@pytest.fixture(scope="module")
def image(made: dict[str, Stage]) -> Stage:
    if missing := missing_rights():
        pytest.skip(missing)
    return made["serve"]


def around(image: Stage) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", **image.environment, "ALLCHAT_PORT": "0"}


def test_what_the_steps_copy_is_sent_to_the_engine_and_nothing_else() -> None:
    sent = {line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words.split() for step, words in steps(FILE) if step == "COPY" and "--from=" not in words]
    assert sent == {origin for words in copied for origin in words[:-1]}
    assert (ROOT / ".dockerignore").read_bytes() == (ROOT / ".containerignore").read_bytes()


def test_every_file_that_serves_is_locked_by_its_hash_to_the_measured_version() -> None:
    lines = [line for line in (ROOT / "deploy" / "serving.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line)] == []
    locked = {canonicalize_name(line.split("==")[0]): line.split("==")[1].split()[0] for line in lines}
    assert locked == {name: found.version for name, found in runtime(builds=False).items()}


def test_the_image_has_no_rights_listens_to_all_and_holds_nothing_that_builds(made: dict[str, Stage]) -> None:
    serve = made["serve"]
    assert serve.user == "65534:65534"
    assert serve.environment == {"ALLCHAT_HOST": "0.0.0.0"}  # noqa: S104 - inside a container, what is let in is its own
    packages = {path.name for path in serve.folder.glob(".venv/lib/python*/site-packages/*")}
    assert "gradio" in packages
    assert not packages & {"torch", "transformers", "scipy", "sklearn"}
    assert sorted(path.name for path in serve.folder.iterdir()) == [
        ".venv", "LICENSE", "README.md", "corpus", "index", "pyproject.toml", "serving.txt",
    ]  # fmt: skip


def test_a_user_without_rights_can_write_nowhere_in_it(image: Stage) -> None:
    tried = "for at in . index corpus .venv /tmp /dev/shm /var/tmp; do touch $at/x 2>/dev/null && echo $at; done; id -u"
    done = subprocess.run(
        read_only(["sh", "-c", tried]), cwd=image.folder, env=around(image), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["65534"]


@pytest.mark.parametrize("writable", ["", "/tmp"], ids=["nothing can be written", "only /tmp can"])  # noqa: S108
def test_it_serves_the_page_and_answers(writable: str, image: Stage) -> None:
    with served_by(read_only(image.command, writable=writable), cwd=image.folder, around=around(image)) as address:
        answer = json.loads(posted(f"{address}/v1/ask", QUESTION))
        event = posted(f"{address}/gradio_api/run/ask", json.dumps({"data": ["hello", "[]", "{}", "en"]}).encode())
        with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310
            shown = page.read()
        health = [word.replace(":7860", f":{address.rpartition(':')[2]}") for word in image.health]
        assert subprocess.run(health, cwd=image.folder, check=False).returncode == 0
    assert subprocess.run(health, cwd=image.folder, capture_output=True, check=False).returncode != 0
    assert answer["citations"]
    assert b"allchat" in shown
    assert json.loads(event)


def test_a_folder_for_counts_that_cannot_be_written_is_said_and_answers_come(image: Stage) -> None:
    with served_by(
        read_only(image.command), cwd=image.folder, around={**around(image), "ALLCHAT_COUNTS": f"{HOME}/counts"}
    ) as address:
        assert json.loads(posted(f"{address}/v1/ask", QUESTION))["citations"]


def test_a_command_that_needs_what_is_not_in_it_says_so(image: Stage) -> None:
    done = subprocess.run(
        read_only([".venv/bin/allchat", "build", "--force"]),
        cwd=image.folder, env=around(image), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("allchat: building an index needs ")
