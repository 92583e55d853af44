"""What allchat runs on may be used and passed on: every licence is known, and none binds more than its own files."""

from __future__ import annotations

from email.message import Message
from importlib.metadata import Distribution
from typing import Any

import pytest
from licences import KNOWN, licences, refused, runtime


class Declared(Distribution):
    """A distribution that declares these fields."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        self._fields = fields

    def read_text(self, filename: str) -> str | None:
        message = Message()
        for name, value in self._fields:
            message[name] = value
        return message.as_string() if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


def test_every_distribution_that_allchat_runs_on_is_under_a_licence_that_we_know() -> None:
    wrong = {name: refused(licences(found)) for name, found in runtime().items()}
    assert {name: faults for name, faults in wrong.items() if faults} == {}


def test_what_runs_is_followed_to_the_last_requirement() -> None:
    assert {"torch", "numpy", "markupsafe", "pydantic-core"} <= set(runtime())
    assert "pytest" not in runtime()


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ([("License-Expression", "MIT OR GPL-3.0-only")], ("GPL-3.0-only",)),
        ([("License-Expression", "Apache-2.0 AND (BSD-3-Clause OR MIT)")], ()),
        ([("License", "Proprietary")], ("Proprietary",)),
        ([("License", "MIT License")], ()),
        ([("License", "a text\n  of many lines"), ("Classifier", "License :: OSI Approved :: MIT License")], ()),
        ([("Classifier", "License :: OSI Approved :: GNU Affero General Public License v3")],
         ("GNU Affero General Public License v3",)),
        ([], ("no licence",)),
    ],
)  # fmt: skip
def test_an_unknown_a_binding_and_a_missing_licence_are_named(
    fields: list[tuple[str, str]], faults: tuple[str, ...]
) -> None:
    assert refused(licences(Declared(("Name", "made"), *fields))) == faults


def test_every_licence_word_leads_to_an_allowed_licence() -> None:
    assert set(KNOWN["words"].values()) <= set(KNOWN["allowed"])
