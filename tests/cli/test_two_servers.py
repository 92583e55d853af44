"""Two servers over a primary of PostgreSQL's and its replica, while each of them is lost in turn and versions are
published: every question is answered, and every answer is one version's own.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from commands import run
from machines import QUICK, REAL, Asking, Kind, Record, Site, Told, Version, quietly, wait_for, without_times
from places import ROOT, SMALL
from postgres_server import missing

if missing() is not None:
    pytest.skip(f"not tested: {missing()}", allow_module_level=True)


def asked_while(
    steps: Sequence[Callable[[], None]],
    site: Site,
    questions: Sequence[Record],
    *,
    least: int,
    families: int,
    pause: float,
) -> Asking:
    """Asks ``least`` questions or more, and takes the steps meanwhile, evenly among them."""
    asking = Asking(site.servers, questions, families=families, pause=pause)
    with asking.going_on():
        for number, step in enumerate(steps, 1):
            share = least * number // (len(steps) + 1)
            wait_for(lambda share=share: len(asking.told) >= share, f"no {share} answers")  # type: ignore[misc]
            begun = time.monotonic()
            step()
            print(f"step {number}: {time.monotonic() - begun:.1f} s, {len(asking.told)} answers")  # noqa: T201
        wait_for(lambda: len(asking.told) >= least, f"no {least} answers")
    return asking


def hold_to(told: Sequence[Told], right: Mapping[str, Sequence[Record]]) -> None:
    """Every question has an answer, and it is that of the version which it names."""
    assert [one for one in told if one.record is None] == []
    for one in told:
        record = without_times(one.record or {})
        assert record == right[record["versions"]["index"]][one.question]


def hold_records(told: Sequence[Told], version: Version, folder: Path) -> None:
    """Every record of a version holds against its sources, as saved answers are verified."""
    named = [one.record for one in told if one.record and one.record["versions"]["index"].startswith(version.name)]
    assert named
    saved = folder / f"{version.name}.jsonl"
    saved.write_text("".join(json.dumps(record) + "\n" for record in named), encoding="utf-8")
    said = run("verify", saved, "--corpus", version.corpus, "--index", version.index)
    assert said.exit_code == 0, said.output[-2000:]


def switched_off(corpus: Path, source: str) -> None:
    table = corpus / "corpus.toml"
    said = table.read_text(encoding="utf-8").replace("use = true\n", "")
    table.write_text(said.replace(f'id = "{source}"\n', f'id = "{source}"\nuse = false\n'), encoding="utf-8")


def both_versions(folder: Path, kind: Kind, *, index: Path, corpus: Path, source: str) -> tuple[Version, Version]:
    """A version without a source, and the one with it that is published later."""
    first, second = (Version(folder / name / "index", folder / name / "corpus") for name in ("first", "second"))
    for one in (first, second):
        shutil.copytree(index, one.index)
        shutil.copytree(corpus, one.corpus)
    switched_off(first.corpus, source)
    kind.build(first)
    assert first.name != second.name
    return first, second


Steps = Callable[[Site, Version], Sequence[Callable[[], None]]]


def held_out(
    folder: Path,
    kind: Kind,
    versions: tuple[Version, Version],
    questions: Sequence[Record],
    steps: Steps,
    *,
    least: int,
) -> None:
    """Asks ``least`` questions while the steps are taken, and holds every answer to what was said in quiet."""
    first, second = versions
    with ExitStack() as held:
        site = Site(folder, kind=kind, first=first, held=held)
        right = [quietly(site.servers, questions)]
        asked = {"families": 6, "pause": 0.0} if kind is REAL else {"families": 3, "pause": 0.02}
        asking = asked_while(steps(site, second), site, questions, least=least, **asked)
        right.append(quietly(site.servers, questions))
    names = [record["versions"]["index"] for record, *_ in right]
    assert [name[:16] for name in names] == [first.name, second.name]
    differing = sum(one["text"] != other["text"] for one, other in zip(*right, strict=True))
    assert differing >= len(questions) // 10
    hold_to(asking.told, dict(zip(names, right, strict=True)))
    for version in versions:
        hold_records(asking.told, version, folder)
    again = [one for one in asking.told if one.refused]
    print(f"{len(asking.told)} questions, {len(again)} asked again, {differing} of {len(questions)} differ")  # noqa: T201
    print("\n".join(sorted({said[:160] for one in again for said in one.refused})))  # noqa: T201


@pytest.mark.slow
def test_no_question_is_lost_while_the_primary_restarts_a_version_is_published_and_a_server_is_killed(
    small_index: Path, tmp_path: Path
) -> None:
    versions = both_versions(tmp_path, QUICK, index=small_index, corpus=SMALL, source="lists")
    texts = [(SMALL / f"{name}.txt").read_text(encoding="utf-8").split() for name in ("lists", "crlf", "twins-a")]
    questions = [{"question": " ".join(text[n : n + 6])} for text in texts for n in range(0, min(len(text), 54), 6)]

    def steps(site: Site, second: Version) -> Sequence[Callable[[], None]]:
        return [lambda: site.restart(site.primary), lambda: site.go_over_to(second), site.kill_a_server]

    held_out(tmp_path, QUICK, versions, questions, steps, least=300)


@pytest.mark.slow
@pytest.mark.soak
def test_five_thousand_questions_lose_no_answer_and_mix_no_versions(built_index: Path, tmp_path: Path) -> None:
    versions = both_versions(
        tmp_path, REAL, index=built_index, corpus=ROOT / "corpus", source="cancernet-all-treatment"
    )
    files = [ROOT / "tests" / "questions" / f"{name}.jsonl" for name in ("answers", "answers_es", "conversations")]
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()[::4]]
    questions = [{"question": row["text"], "history": row.get("history", [])} for row in rows]

    def steps(site: Site, second: Version) -> Sequence[Callable[[], None]]:
        return [
            site.lose_a_server_and_start_it,
            lambda: site.restart(site.primary),
            lambda: site.go_over_to(second),
            lambda: site.restart(site.replica),
            site.lose_the_primary,
        ]

    held_out(tmp_path, REAL, versions, questions, steps, least=5000)
