"""Shapes: a record is written in the order of its fields and read back; what does not fit is named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from allchat.shapes import Sparse, shaped, unshaped


@dataclass(frozen=True, slots=True)
class Inner:
    """A pair, of which the second may be missing."""

    number: int
    note: Sparse[str] = None


@dataclass(frozen=True, slots=True)
class Outer:
    """Pairs by name, and a value that is written although it is None."""

    pairs: Mapping[str, tuple[Inner, ...]]
    value: float | None


WHOLE = Outer({"b": (Inner(1), Inner(2, "two")), "a": ()}, None)
WRITTEN = {"pairs": {"b": [{"number": 1}, {"number": 2, "note": "two"}], "a": []}, "value": None}


def test_a_record_is_written_in_its_order_without_sparse_fields_that_are_none_and_read_back() -> None:
    assert repr(unshaped(WHOLE)) == repr(WRITTEN)
    assert shaped(WRITTEN, Outer) == WHOLE


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            {"pairs": {"b": [{"number": "many"}]}, "value": None},
            r"^pairs\.b\.0\.number: Input should be",
        ),
        ({"pairs": {}}, "^value: Field required"),
        ([], "^Input should be"),
    ],
)
def test_what_is_of_another_shape_is_an_error_that_says_where(value: object, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        shaped(value, Outer)


def test_a_value_of_another_type_than_its_field_is_not_written() -> None:
    wrong: object = "three"
    with pytest.raises(ValueError, match="Expected `int`"):
        unshaped(Inner(wrong))  # type: ignore[arg-type]
