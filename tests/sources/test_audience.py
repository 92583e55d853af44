"""For whom a source says that it is written."""

from __future__ import annotations

import pytest
from places import ROOT

from allchat.cli.source import AUDIENCE
from allchat.sources.audience import is_for_families
from allchat.sources.corpus import read_corpus


@pytest.mark.parametrize(
    ("audience", "families"),
    [
        (AUDIENCE, True),
        ("families; children, adolescents and young adults", True),
        ("staff, patients", True),
        ("public", True),
        ("tests", True),
        ("", True),
        ("padres y cuidadores", True),
        ("physicians", False),
        ("health professionals", False),
        ("doctors and nurses who treat children", False),
        ("Professionals caring for young patients", False),
        ("médicos y personal sanitario", False),
        ("researchers", False),
    ],
)
def test_a_source_is_for_families_unless_only_others_are_named(audience: str, families: bool) -> None:
    assert is_for_families(audience) is families


def test_our_sources_are_for_families() -> None:
    assert all(is_for_families(document.audience) for document in read_corpus(ROOT / "corpus"))
