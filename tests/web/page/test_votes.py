"""Votes: a file that an operator can rely on not to grow without end."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from allchat.errors import QuestionError, StoreError
from allchat.web import kept_lines
from allchat.web.kept_lines import LIMIT
from allchat.web.page.votes import Votes


def test_no_vote_is_taken_beyond_the_limit_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "votes.jsonl"
    with file.open("wb") as made:
        made.truncate(LIMIT - 60)
    kept = Votes(file)
    with caplog.at_level(logging.INFO, logger="allchat"):
        kept.add("wrong_quote", message=kept.new_message())
        full = file.stat().st_size
        assert LIMIT - 60 < full <= LIMIT
        for _ in range(3):
            with pytest.raises(StoreError, match=r"holds 10 MB of votes, no more are taken\. Move the file away\."):
                kept.add("yes", message=kept.new_message())
        assert file.stat().st_size == full
    assert caplog.messages == [f"{file}: holds 10 MB of votes, no more are taken. Move the file away."]


def test_votes_are_taken_again_once_a_full_file_is_moved_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "votes.jsonl"
    monkeypatch.setattr(kept_lines, "LIMIT", 110)
    kept = Votes(file)
    for _ in range(2):
        for _ in range(2):
            kept.add("no", message=kept.new_message())
        with pytest.raises(StoreError, match="no more are taken"):
            kept.add("no", message=kept.new_message())
        assert file.stat().st_size <= 110
        file.unlink()
    assert len(caplog.messages) == 2


def test_only_an_answer_that_was_given_can_be_voted_on(tmp_path: Path) -> None:
    kept, other = Votes(tmp_path / "votes.jsonl"), Votes(tmp_path / "votes.jsonl")
    given = kept.new_message()
    for forged in (
        "0" * 16,
        given[:-1],
        f"{given}0",
        chr(ord(given[0]) ^ 1) + given[1:],
        other.new_message(),
        None,
    ):
        with pytest.raises(QuestionError, match="not a vote on an answer that was given"):
            kept.add("yes", message=forged)
    kept.add("yes", message=given)
    assert json.loads(kept.path.read_text()) == {"message": given, "vote": "yes"}


def test_a_vote_counts_once_and_a_change_of_mind_is_another(tmp_path: Path) -> None:
    kept = Votes(tmp_path / "votes.jsonl")
    given = kept.new_message()
    for vote in ("yes", "yes", "no", "yes", "no"):
        kept.add(vote, message=given)
    assert [json.loads(line)["vote"] for line in kept.path.read_text().splitlines()] == ["yes", "no"]
