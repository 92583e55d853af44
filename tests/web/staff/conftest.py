"""Browsers at the staff's pages, one of them signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from staff_forms import PASSWORD, send

from allchat.chat import Chat
from allchat.web.app import create_app
from allchat.web.staff.pages import staff_router


@pytest.fixture
def stranger(small_chat: Chat) -> Iterator[TestClient]:
    """Someone who has not signed in."""
    app = create_app(small_chat, page=False, staff=staff_router(small_chat, password=PASSWORD))
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def nurse(stranger: TestClient) -> TestClient:
    """Someone who has."""
    assert send(stranger, "/staff/sign-in", password=PASSWORD).headers["location"] == "/staff"
    return stranger
