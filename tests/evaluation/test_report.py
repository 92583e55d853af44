"""Reports: the page stands alone and escapes everything, gates are said in words, differences are named by question."""

from __future__ import annotations

import json
import re
from dataclasses import fields as fields_of
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from places import ROOT
from test_evaluate import ROWS, SUITES, suite

from allchat.chat import Chat
from allchat.errors import QuestionError
from allchat.evaluation.records import Report, SuiteReport
from allchat.evaluation.report import difference, fallen_gates, markdown, overview, page, read_report, write_reports
from allchat.evaluation.run import evaluate
from allchat.evaluation.suites import Gate
from allchat.shapes import shaped, unshaped

EVIL = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def report(small_chat: Chat) -> Report:
    """A report in which two gates fall and one row is written by someone who means ill."""
    evil = {"id": EVIL, "text": f"my son has a fever of 101 {EVIL}", "kind": "chat"}
    guarded = suite(
        "guard",
        Gate(measure="recall_urgent", least=0.9, why="Because <b>."),
        Gate(measure="recall_search", least=0.9, why="Held."),
        Gate(measure="nonsense", most=0.1, why="Never measured."),
        rows=(*ROWS["guard"], evil),
    )
    return evaluate(lambda: small_chat, [*SUITES[:3], guarded, suite("wording")])


class Tags(HTMLParser):
    """The tags of a page with their attributes, and whether they are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return tags


# The page


def test_the_page_has_no_script_and_nothing_from_outside(report: Report) -> None:
    html = page(report)
    tags = read(html)
    assert {tag for tag, _ in tags.seen} & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
    assert not [name for _, attributes in tags.seen for name in attributes if name.startswith("on") or name == "src"]
    assert all(value.startswith("#") for _, a in tags.seen for name, value in a.items() if name == "href" and value)
    assert "url(" not in html
    assert "@import" not in html


def test_what_a_row_says_is_shown_and_never_run(report: Report) -> None:
    html = page(report)
    assert EVIL not in html
    assert "&lt;script&gt;" in html
    assert "Because &lt;b&gt;." in html


def test_every_failed_question_opens_to_its_record(report: Report) -> None:
    html = page(report)
    failed = [row for named in report.suites.values() for row in named.rows if row.failed]
    assert len(failed) >= 4
    assert len(re.findall(r"<details>", html)) == len(failed)
    assert html.count("&#34;trace&#34;") >= len(failed)


def test_the_page_has_its_plots(report: Report) -> None:
    html = page(report)
    assert 'class="confusion"' in html
    assert html.count("<polyline") == 2
    assert "Without each part" in html
    assert "answers within" in html
    pictures = [a for tag, a in read(html).seen if tag == "svg"]
    assert pictures
    assert all(a.get("role") == "img" and a.get("aria-label") for a in pictures)


# Markdown


def test_the_summary_has_every_figure_with_its_interval(report: Report) -> None:
    text = markdown(report)
    assert "| gold_in_answer | 0.500 (0.000 to 1.000) | 2 |" in text
    assert "| fixed-size chunks | " in text
    assert "1 of 3 gates hold." in text
    assert "4 questions, 2 failed." in text


# Blind and tuned


@pytest.fixture(scope="module")
def with_blind(small_chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    """A report over a tuned suite and a blind one, and the folder that it was written to."""
    row = {"id": "b", "text": "zyxwvu, is his fever an emergency", "kind": "chat", "right": ["chat"], "measure": "fear"}
    blind = replace(
        suite("guard", Gate(measure="recall_fear", least=0.9, why="Wanted."), rows=(row, row | {"id": "c"})),
        name="stranger", looked_at=False, frozen="2026-11-26", first_sight={"recall_fear": 0.5},
    )  # fmt: skip
    out = tmp_path_factory.mktemp("blind")
    tuned = suite("guard", Gate(measure="recall_urgent", least=0.4, why="Held."))
    report = evaluate(lambda: small_chat, [tuned, blind], out=out)
    write_reports(report, out)
    return report, out


def test_the_report_opens_with_all_suites_blind_ones_first_beside_their_figures_at_first_sight(
    with_blind: tuple[Report, Path],
) -> None:
    report, _ = with_blind
    rows = list(overview(report))
    assert [row.state for row in rows] == sorted(row.state for row in rows)
    assert (rows[0].suite, rows[0].measure, rows[0].first) == ("stranger", "recall_fear", 0.5)
    text = markdown(report)
    assert text.index("## All suites") < text.index("## stranger")
    assert (
        "| stranger | blind | 2026-11-26 | recall_fear | 0.5 | 0.000 (0.000 to 0.842) | 2 | at least 0.9: fell |"
        in text
    )
    assert "| guard | tuned | no | recall_urgent | not kept |" in text
    assert page(report).index("All suites") < page(report).index('<h2 id="stranger">')


def test_of_a_blind_suite_no_row_and_no_answer_is_written_anywhere(with_blind: tuple[Report, Path]) -> None:
    report, out = with_blind
    blind = report.suites["stranger"]
    assert (blind.rows, blind.questions, blind.failed) == ((), 2, 2)
    written = {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}
    assert set(written) == {"report.html", "report.json", "report.md", "results.jsonl"}
    assert not [name for name, content in written.items() if "zyxwvu" in content]
    after = unshaped(report)
    after["suites"]["stranger"]["figures"]["recall_fear"]["value"] = 0.75
    said = difference(report, shaped(after, Report))
    assert "Blind: 1 figures moved, no question is named." in said
    assert "recall_fear: 0.000 (0.000 to 0.842), now 0.750" in said


# Gates


def test_a_fallen_gate_says_what_is_what_is_wanted_and_why(report: Report) -> None:
    first, second = fallen_gates(report)
    assert first == "gate fell: guard, recall_urgent: 0.5, wanted is at least 0.9. Because <b>."
    assert second.startswith("gate fell: guard, nonsense: was not measured (measured are: supported, ")


# Files


def test_the_three_files_are_written_and_read_back(report: Report, tmp_path: Path) -> None:
    write_reports(report, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["report.html", "report.json", "report.md"]
    assert read_report(tmp_path / "new") == read_report(tmp_path / "new" / "report.json")
    assert unshaped(read_report(tmp_path / "new")) == unshaped(report)


def test_a_report_that_is_none_is_an_error(report: Report, tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="Write it with: allchat eval --out FOLDER"):
        read_report(tmp_path)
    (tmp_path / "report.json").write_text('{"schema": 99}')
    with pytest.raises(QuestionError, match="is a report of schema 99, this program reads 1"):
        read_report(tmp_path)
    with pytest.raises(QuestionError, match="cannot be written"):
        write_reports(report, tmp_path / "report.json" / "x")
    older = unshaped(report)
    del older["suites"]["guard"]["sha256"]
    (tmp_path / "report.json").write_text(json.dumps(older))
    with pytest.raises(QuestionError, match=r"is not a whole report \(suites\.guard\.sha256: Field required\)"):
        read_report(tmp_path)


# Differences


def test_a_report_against_itself_differs_in_nothing(report: Report) -> None:
    text = difference(report, report)
    assert "2 questions in both, 0 answered in other words." in text
    assert "|" not in text


def test_a_difference_names_the_measure_the_test_and_the_questions(report: Report) -> None:
    after = unshaped(report)
    lost = after["suites"]["answers"]["rows"][1]
    lost["outcomes"]["gold_in_answer"], lost["answer"] = 1.0, "other"
    text = difference(report, shaped(after, Report))
    assert "2 questions in both, 1 answered in other words." in text
    assert "| gold_in_answer | 0.500 | 1.000 | 1 | 0 | 1 |" in text
    assert "- gold_in_answer rose: lost" in text


def test_other_words_with_the_same_outcomes_are_named_too(report: Report) -> None:
    after = unshaped(report)
    after["suites"]["answers"]["rows"][0]["answer"] = "other"
    assert "- other words: found" in difference(report, shaped(after, Report))


def test_suites_and_questions_of_one_report_alone_are_said(report: Report) -> None:
    after = unshaped(report)
    after["suites"]["new"] = after["suites"].pop("silence")
    after["suites"]["answers"]["rows"].pop()
    after["suites"]["answers"]["sha256"] = "other"
    text = difference(report, shaped(after, Report))
    assert "## silence\nOnly in the first report." in text
    assert "## new\nOnly in the second report." in text
    assert "only those in both are compared" in text
    assert "1 questions in both, 0 answered in other words." in text


# What docs/evaluation.md says


def test_every_measure_and_every_field_is_documented(report: Report) -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    measures = {name for named in report.suites.values() for name in named.figures}
    measures |= set((report.suites["answers"].systems or {})["allchat"].figures)
    kinds = r"^recall_(urgent|refusal|search|support|chat|out_of_scope)$"
    loose = {re.sub(kinds, "recall_KIND", name) for name in measures}
    assert [name for name in sorted(loose) if f"`{name}`" not in page] == []
    fields = {field.name for record in (SuiteReport, Report) for field in fields_of(record)}
    assert [name for name in sorted(fields - {"suites"}) if not re.search(rf"[`.]{name}\b", page)] == []
