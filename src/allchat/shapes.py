"""Shapes: how a record is read of parsed JSON or TOML, and how it is written."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

Shape = TypeVar("Shape")
Sparse = Annotated[Shape | None, Field(exclude_if=lambda value: value is None)]
"""A field that is not written where it is None."""

_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""How each type is read and written, once it was asked for: to find that out takes longer than to do it."""


def shaped(value: object, shape: type[Shape]) -> Shape:
    """The record of a type that a parsed text holds.

    Raises:
        ValueError: it is not of that type: where, and what is wrong there.
    """
    try:
        record: Shape = _adapter(shape).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))) from error
    return record


def unshaped(record: object) -> Any:
    """A record as JSON-ready values, in the order of its fields; ``shaped`` reads them back.

    A value of another type than its field says is a fault of ours, and an error.
    """
    return _adapter(type(record)).dump_python(record, mode="json", by_alias=True, warnings="error")


def _adapter(shape: type) -> TypeAdapter[Any]:
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    return _ADAPTERS[shape]
