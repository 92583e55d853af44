"""A link to a text that is no longer in use opens that text, says so, and leads to the newer one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.sources import archive
from allchat.web.app import create_app
from allchat.wording import load_wording

ASKED = "which medicines are forbidden at home"


def revise(corpus: Path, old: str, new: str) -> None:
    """Another text of ``lists``; the older one is kept."""
    sha256 = archive.keep(corpus, "lists")
    text = (corpus / "lists.txt").read_text(encoding="utf-8").replace(old, new)
    (corpus / "lists.txt").write_text(text, encoding="utf-8")
    table = (corpus / "corpus.toml").read_text(encoding="utf-8")
    changed = table.replace(sha256, hashlib.sha256(text.encode()).hexdigest())
    (corpus / "corpus.toml").write_text(changed, encoding="utf-8")


def opened(corpus: Path) -> Chat:
    index = build(corpus, index=corpus.parent / "index", embedder=WordHash())
    return Chat.open(index, corpus=corpus, embedder=WordHash())


def query(link: str) -> str:
    """The address that the page's script asks for."""
    place, start, end = re.fullmatch(r"(.+)#c(\d+)-(\d+)", link).groups()  # type: ignore[union-attr]
    return f"{place}?start={start}&end={end}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Medicines at home", "A new line.\n\nMedicines at home", "source_newer_same"),
        ("Herbal teas", "Strong herbal teas", "source_newer_changed"),
    ],
)
def test_an_old_link_opens_the_old_words_and_leads_to_the_new_ones(corpus: Path, old: str, new: str, said: str) -> None:
    cited = opened(corpus).ask(ASKED).citations[0]
    assert cited.link == f"/source/lists@{cited.source_sha256[:16]}#c{cited.start}-{cited.end}"
    revise(corpus, old, new)
    client, words = TestClient(create_app(opened(corpus), page=False)), load_wording().table("page")
    page = client.get(query(cited.link)).text
    assert "<mark" in page
    assert words["source_older"] in page
    assert words[said] in page
    (there,) = re.findall(r'class="say older".*?<a href="([^"]+)"', page)
    newer = client.get(f"/source/{there.replace('&amp;', '&').partition('#')[0]}").text
    assert "<mark" in newer
    assert words["source_older"] not in newer


def test_links_without_a_hash_and_with_todays_work_on_and_old_queries_open_the_old_text(corpus: Path) -> None:
    cited = opened(corpus).ask(ASKED).citations[0]
    client = TestClient(create_app(opened(corpus), page=False))
    place = f"start={cited.start}&end={cited.end}"
    for link in (query(cited.link), f"/source/lists?{place}", f"/source/lists?{place}&sha256={cited.source_sha256}"):
        page = client.get(link).text
        assert "<mark" in page, link
        assert "older text" not in page
    revise(corpus, "Medicines at home", "A new line.\n\nMedicines at home")
    client = TestClient(create_app(opened(corpus), page=False))
    assert "older text" in client.get(f"/source/lists?{place}&sha256={cited.source_sha256}").text
    assert "older text" in client.get(f"/source/lists?{place}&sha256={cited.source_sha256}&lang=en").text
    assert "texto anterior" in client.get(f"{query(cited.link)}&lang=es").text


def test_a_hash_that_nothing_is_kept_of_is_told_and_nothing_is_marked(corpus: Path) -> None:
    client = TestClient(create_app(opened(corpus), page=False))
    page = client.get("/source/lists@0123456789abcdef?start=3&end=9")
    assert "<mark" not in page.text
    assert "has changed since the link was made" in page.text
    assert client.get("/source/none@0123456789abcdef").status_code == 404
