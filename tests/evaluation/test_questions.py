"""The project's own questions stay true to the sources: every gold span stands in a source, every near miss is one."""

import json
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "tests" / "questions"
FOOTNOTE = re.compile(r"\s*\[\d{1,3}\]")
WITH_GOLD = ("answers", "conversations", "premises")
FILES = {"answers": 170, "near_misses": 60, "other_subjects": 60, "conversations": 55, "premises": 20}
STYLES = {
    "lay", "frame", "search", "hospital", "misspelt", "general", "two_part", "number", "compare", "who", "term",
}  # fmt: skip


def normalised(text: str) -> str:
    """NFKC, the publisher's footnote numbers removed, every run of white space one space."""
    return " ".join(FOOTNOTE.sub("", unicodedata.normalize("NFKC", text)).split())


def rows(name: str) -> list[dict]:
    lines = (QUESTIONS / f"{name}.jsonl").read_bytes().decode("utf-8").splitlines()
    return [json.loads(line) for line in lines]


SOURCES = {path.stem: normalised(path.read_bytes().decode("utf-8")) for path in sorted((ROOT / "corpus").glob("*.txt"))}


@pytest.mark.parametrize("name", WITH_GOLD)
def test_every_gold_span_stands_in_a_source(name: str) -> None:
    lost = []
    for row in rows(name):
        spans = row["gold"] + [span for part in row.get("gold_all", []) for span in part]
        sources = [SOURCES[row["document"]]] if "document" in row else list(SOURCES.values())
        assert row["gold"], f"{row['id']} has no gold span"
        assert any(normalised(row["gold"][0]) in source for source in sources), row["id"]
        lost += [(row["id"], span) for span in spans if not any(normalised(span) in s for s in SOURCES.values())]
    assert lost == []


@pytest.mark.parametrize("name", WITH_GOLD)
def test_no_gold_span_crosses_a_list_bullet_or_repeats(name: str) -> None:
    for row in rows(name):
        assert not any("•" in span for span in row["gold"]), row["id"]
        assert len(set(row["gold"])) == len(row["gold"]), row["id"]


def test_a_two_part_question_has_gold_for_both_parts() -> None:
    for row in rows("answers"):
        if row["style"] in {"two_part", "compare"}:
            assert len(row["gold_all"]) == 2, row["id"]
            assert all(row["gold_all"]), row["id"]
            assert {span for part in row["gold_all"] for span in part} == set(row["gold"]), row["id"]
        else:
            assert "gold_all" not in row, row["id"]


def test_every_answer_question_names_its_document_section_and_style() -> None:
    for row in rows("answers"):
        assert row["document"] in SOURCES, row["id"]
        assert row["section"], row["id"]
        assert row["style"] in STYLES, row["id"]


@pytest.mark.parametrize(("name", "least"), FILES.items())
def test_the_set_is_large_enough_and_the_readme_counts_it(name: str, least: int) -> None:
    count = len(rows(name))
    assert count >= least
    assert f"| `{name}.jsonl` | {count} |" in (QUESTIONS / "README.md").read_text(encoding="utf-8")


def test_ids_are_unique_over_all_files() -> None:
    seen = Counter(row["id"] for name in FILES for row in rows(name))
    assert [key for key, times in seen.items() if times > 1] == []


def test_no_question_stands_twice() -> None:
    def key(text: str) -> str:
        return re.sub(r"[\W_]+", " ", text.casefold()).strip()

    seen = Counter(key(row["text"]) for name in FILES if name != "conversations" for row in rows(name))
    assert [text for text, times in seen.items() if times > 1] == []
    turns = Counter((tuple(row["history"]), key(row["text"])) for row in rows("conversations"))
    assert max(turns.values()) == 1


def test_what_a_near_miss_needs_is_in_no_source() -> None:
    for row in rows("near_misses"):
        assert row["kind"] == "not_found", row["id"]
        assert row["why"], row["id"]
        assert row["absent"], row["id"]
        for word in row["absent"]:
            found = [name for name, text in SOURCES.items() if word.casefold() in text.casefold()]
            assert found == [], f"{row['id']}: {word!r} is in {found}"


def test_other_subjects_are_out_of_scope() -> None:
    assert {row["kind"] for row in rows("other_subjects")} == {"out_of_scope"}


def test_conversations_hold_their_history_in_order() -> None:
    followups = [row for row in rows("conversations") if not row.get("standalone")]
    alone = [row for row in rows("conversations") if row.get("standalone")]
    assert len(followups) >= 40
    assert len(alone) >= 15
    assert len({row["conversation"] for row in followups}) >= 20
    for earlier, later in pairwise(followups):
        if earlier["conversation"] == later["conversation"]:
            assert later["history"] == [*earlier["history"], earlier["text"]], later["id"]
    for row in followups + alone:
        assert row["history"], row["id"]
        assert (row["rewrite"] == row["text"]) is bool(row.get("standalone")), row["id"]
