"""Adding a file to a corpus: what is kept, what is refused, what is put back; and that it is answered from at once."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import made_leaflet
import pytest
from made_files import docx, lines, page, paragraph, pdf, table
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import CorpusError
from allchat.sources.adding import Facts, add, check, id_of, remove
from allchat.sources.converted import marks, place_of
from allchat.sources.corpus import CORPUS_FILE, declared_sources, read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.readers.convert import convert
from allchat.sources.review import all_alarms, review_page
from allchat.sources.rights import display_of
from allchat.sources.starting import start_folder
from allchat.sources.text import clean
from allchat.sources.withdrawn import read_withdrawn

FACTS = replace(made_leaflet.FACTS, title="Visiting hours", rights='May be quoted; "whole" on request.')
LEAFLET = docx(
    paragraph("Visiting hours", style="H1"),
    paragraph("You may visit your child on every ward, as these hours say."),
    table([["Ward", "Visiting", "Rules"], ["Ward 3", "2 to 4 pm", "children under 12 may not enter"]]),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    start_folder(tmp_path / "own")
    return tmp_path / "own" / "corpus"


def added(folder: Path, content: bytes = LEAFLET, name: str = "Visits.DOCX", facts: Facts = FACTS) -> None:
    add(content, name=name, converted=convert(content, name=name), facts=facts, corpus=folder)


def test_the_original_is_kept_byte_for_byte_and_all_three_files_are_declared_by_their_hash(folder: Path) -> None:
    added(folder)
    source = declared_sources(folder)[0]
    assert source.original is not None
    assert (folder / source.original.file).read_bytes() == LEAFLET
    for name, sha256 in (
        (source.original.file, source.original.sha256),
        (source.original.structure, source.original.structure_sha256),
        (source.file, source.sha256),
    ):
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    assert source.original.converter.startswith("allchat-docx 2, mammoth ")
    assert (source.rights, source.revised) == (FACTS.rights, FACTS.revised)
    assert check(folder) == {"visits": None}


def test_a_row_is_quoted_with_its_header_and_every_line_leads_back_to_its_place(folder: Path) -> None:
    added(folder)
    document = read_corpus(folder)[0]
    outline = outline_document(document)
    said = [clean(document.text[block.start : block.end]) for block in outline.blocks]
    assert said[-1] == "Ward 3: Visiting: 2 to 4 pm; Rules: children under 12 may not enter"
    assert [mark.place["element"] for mark in marks(document).values()] == ["h1[1]", "p[1]", "table[1]"]


def test_a_stretch_leads_back_to_its_page_and_all_its_boxes_there(folder: Path) -> None:
    first = lines("You may visit from two to four. Ring the bell.", top=700)
    more = lines("Wash your hands at the door when you come.", top=600)
    added(folder, pdf([*first, *more], lines("Thank you for your help.")), "a.pdf")
    document = read_corpus(folder)[0]
    last = document.text.index("Wash")
    place = place_of(document, document.text.index("Ring"), last + 4)
    assert place is not None
    assert place["page"] == 1
    assert [round(box[1]) // 100 for box in place["boxes"]] == [6, 5]
    assert place_of(document, document.text.index("Thank"), len(document.text)) == {
        "page": 2,
        "boxes": [[72, 698, 190, 708]],
    }


def test_a_text_prepared_by_hand_has_no_place_in_an_original(corpus: Path) -> None:
    assert place_of(read_corpus(corpus)[0], 0, 5) is None


def test_what_is_added_is_answered_at_once_without_a_question_of_ours(folder: Path) -> None:
    added(folder)
    chat = Chat.open(build(folder, index=folder.parent / "index", embedder=WordHash()), embedder=WordHash())
    answer = chat.ask("Ward 3 visiting rules: may children under 12 enter?")
    assert answer.kind == "answer"
    assert answer.citations[0].quote == "Ward 3: Visiting: 2 to 4 pm; Rules: children under 12 may not enter"
    assert answer.citations[0].file == "converted/visits.txt"
    assert answer.citations[0].original == {"element": "table[1]"}


def test_a_source_in_a_language_that_is_not_searched_is_kept_and_never_read(folder: Path) -> None:
    added(folder)
    french = replace(FACTS, id="visites", language="fr")
    added(
        folder,
        page("<h1>Visites</h1><p>Vous pouvez venir voir votre enfant de deux heures à quatre heures.</p>"),
        "v.html",
        french,
    )
    assert [source.id for source in declared_sources(folder)] == ["visits", "visites"]
    assert [document.key for document in read_corpus(folder)] == ["visits"]


def test_removing_takes_the_table_and_the_files_and_nothing_else(folder: Path) -> None:
    before = (folder / CORPUS_FILE).read_bytes()
    added(folder)
    added(folder, b"Ask us. We are here for you on every day.", "other.txt", replace(FACTS, id="other"))
    remove("visits", corpus=folder)
    assert [source.id for source in declared_sources(folder)] == ["other"]
    remove("other", corpus=folder)
    assert (folder / CORPUS_FILE).read_bytes() == before
    assert not [path for path in folder.rglob("*") if path.is_file() and path.name != CORPUS_FILE]
    with pytest.raises(CorpusError, match="has no source 'other'"):
        remove("other", corpus=folder)


def test_removing_one_of_two_prepared_sources_leaves_the_other_as_it_was(corpus: Path) -> None:
    ids = [source.id for source in declared_sources(corpus)]
    before = [document.key for document in read_corpus(corpus)]
    remove(ids[0], corpus=corpus)
    assert [source.id for source in declared_sources(corpus)] == ids[1:]
    assert [document.key for document in read_corpus(corpus)] == [key for key in before if key != ids[0]]


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (replace(FACTS, url="javascript:alert(1)"), "url"),
        (replace(FACTS, revised="January"), "revised"),
        (replace(FACTS, id="No Such Id"), "small letters"),
    ],
)
def test_what_cannot_be_declared_leaves_the_folder_as_it_was(folder: Path, facts: Facts, fault: str) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(CorpusError, match=fault):
        added(folder, facts=facts)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_same_file_or_id_is_not_added_twice(folder: Path) -> None:
    added(folder)
    with pytest.raises(CorpusError, match="in the corpus already, as 'visits'"):
        added(folder, facts=replace(FACTS, id="again"))
    with pytest.raises(CorpusError, match="the id 'visits' is taken"):
        added(folder, b"Another text, which says something else.", "b.txt")


def test_check_says_which_file_was_changed(folder: Path) -> None:
    added(folder)
    original = folder / "originals" / "visits.docx"
    original.write_bytes(LEAFLET + b" ")
    assert check(folder) == {"visits": "originals/visits.docx was changed. Restore it."}
    shutil.copyfile(folder / "converted" / "visits.txt", original)
    original.write_bytes(LEAFLET)
    (folder / "converted" / "visits.jsonl").write_text("{}", encoding="utf-8")
    assert "visits.jsonl was changed" in (check(folder)["visits"] or "")


def test_a_converter_that_would_give_another_text_is_reported(folder: Path) -> None:
    text = b"Visits\n\nYou may visit your child on every day of the week.\n"
    made = convert(text, name="a.txt")
    older = replace(made, text=made.text.replace("every day", "each day"), converter="allchat-text 0")
    add(text, name="a.txt", converted=older, facts=FACTS, corpus=folder)
    assert "allchat-text 2 makes another text of originals/visits.txt than allchat-text 0 did" in (
        check(folder)["visits"] or ""
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ('{"kind": "heading", "level": 1}\n', "has 3 lines, its structure 1"),
        ('{"kind": "verse"}\n' * 3, "its structure is damaged"),
        ("no json\n" * 3, "its structure is damaged"),
    ],
)
def test_a_structure_that_does_not_fit_its_text_is_an_error(folder: Path, change: str, fault: str) -> None:
    made = convert(LEAFLET, name="a.docx")
    with pytest.raises(CorpusError, match=fault):
        add(LEAFLET, name="a.docx", converted=replace(made, structure=change), facts=FACTS, corpus=folder)


def test_staff_overrule_headings_and_furniture_in_the_table(folder: Path) -> None:
    added(folder, b"VISITS\n\nCall us first.\n\nOur ward\n\nCall us first.\n\nRing the bell at the door.\n", "a.txt")
    table_of = (folder / CORPUS_FILE).read_text(encoding="utf-8")
    rules = (
        'no_headings = ["Our ward"]\n[[source.furniture]]\nbegins = "Call us"\nevery = true\n'
        'what = "a line on each page"\n[source.original]'
    )
    (folder / CORPUS_FILE).write_text(table_of.replace("[source.original]", rules), encoding="utf-8")
    document = read_corpus(folder)[0]
    blocks = outline_document(document).blocks
    assert [(block.kind, clean(document.text[block.start : block.end])) for block in blocks] == [
        ("heading", "VISITS"),
        ("paragraph", "Our ward"),
        ("paragraph", "Ring the bell at the door."),
    ]


def test_the_review_page_shows_the_text_what_was_left_out_and_what_to_look_at() -> None:
    long = f"<p>{'Wash your hands well. ' * 60}</p>"
    body = f"<h1>Visits</h1><p>Come <i>at</i> two &amp; ring.</p>{long}<p>Updated May 3, 2024</p>"
    made = convert(page(body), name="v.html")
    shown = review_page(made, FACTS, name="v.html")
    assert "Come at two &amp; ring." in shown
    assert "a cookie bar" in shown
    alarms = " ".join(all_alarms(made, FACTS))
    assert "a paragraph has 240 words" in alarms
    assert "it states 2024-05-03, and revised is given as 2026-01-31" in alarms
    assert "http" not in shown.replace(FACTS.url, "")


def test_what_was_not_written_for_families_is_said_and_a_wrong_language_too() -> None:
    words = (
        "Clinicians should follow the guideline (Kim et al, doi:10.1/x), odds ratio 2.1, confidence interval 1 to 3. "
        * 2
    )
    made = convert(pdf(lines(words)), name="a.pdf")
    assert any("not written for families" in alarm for alarm in all_alarms(made, FACTS))
    words = "Puede visitar a su hijo en la sala de las dos a las cuatro. " * 4
    spanish = convert(f"Visitas\n\n{words}".encode(), name="a.txt")
    assert "its words look like es, and its language is given as en" in all_alarms(spanish, FACTS)


def test_an_id_is_made_of_the_title_and_is_nobody_elses() -> None:
    assert id_of("Visiting: Größe & hours!", taken=set()) == "visiting-groe-hours"
    assert id_of("Visits", taken={"visits", "visits-2"}) == "visits-3"
    assert id_of("???", taken=set()) == "source"


def test_a_file_without_any_text_is_refused() -> None:
    with pytest.raises(CorpusError, match="no text was found"):
        convert(b"<html><body><nav>Home</nav></body></html>", name="a.html")


def test_a_withdrawn_source_leaves_a_notice_no_words_and_its_id_taken(folder: Path) -> None:
    added(folder)
    added(folder, b"Ring the bell at the door, please.", "bell.txt", replace(FACTS, id="bell"))
    (folder / "reviews").mkdir()
    (folder / "reviews" / "visits.html").write_text("You may visit your child", encoding="utf-8")
    places = remove("visits", corpus=folder, withdrawn="2026-11-26")
    assert len(places) == 4
    assert not any((folder / place).exists() for place in places)
    assert [document.key for document in read_corpus(folder)] == ["bell"]
    notice = read_withdrawn(folder)["visits"]
    assert (notice.title, notice.on) == (FACTS.title, "2026-11-26")
    with pytest.raises(CorpusError, match="is taken"):
        added(folder)
    remove("bell", corpus=folder)
    assert [*read_withdrawn(folder)] == ["visits"]
    added(folder, facts=replace(FACTS, id="visits-2"))
    assert [source.id for source in declared_sources(folder)] == ["visits-2"]


@pytest.mark.parametrize(
    ("rights", "display"),
    [
        ("This text may be reproduced or copied and reused freely. Public domain.", "whole"),
        ("CC BY 4.0", "whole"),
        ("Copyright City Hospital. Ask before redistributing the whole.", "section"),
        ("may be quoted", "section"),
    ],
)
def test_only_a_text_that_is_free_is_proposed_to_be_shown_whole(rights: str, display: str) -> None:
    assert display_of(rights) == display
