"""A server without the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from small_chat import SmallChat

from allchat.web.app import create_app


@pytest.fixture
def bare() -> Iterator[TestClient]:
    """A server without the page, quick to make."""
    with TestClient(create_app(SmallChat(), page=False), raise_server_exceptions=False) as client:
        yield client
