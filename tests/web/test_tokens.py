"""Tokens for the addresses of programs: asked for where there are any, and the page works without one."""

from __future__ import annotations

import openai
import pytest
from fastapi.testclient import TestClient
from serving import serving
from small_chat import SmallChat

from allchat.web.app import create_app

OLD, NEW = "a-token-that-is-old-and-goes", "a-token-that-is-new-and-comes"
MESSAGE = {"role": "user", "content": "signs"}
WRONG = [
    "", "Bearer", "Bearer ", f"Bearer {OLD[:-1]}", f"Bearer {OLD}x", f"Basic {OLD}", OLD, f"Bearer {OLD} {NEW}",
    "Bearer \xff",
]  # fmt: skip
POSTS = ["/v1/ask", "/v1/batch", "/v1/chat/completions"]
GETS = ["/v1/models", "/v1/models/allchat", "/v1/openapi.json"]


def client_of(*tokens: str, page: bool = False) -> TestClient:
    return TestClient(create_app(SmallChat(), page=page, api_tokens=tokens))


@pytest.mark.parametrize("path", [*POSTS, *GETS])
def test_every_address_of_programs_asks_for_a_token_and_takes_each_of_them(path: str) -> None:
    method = "POST" if path in POSTS else "GET"
    with client_of(OLD, NEW) as client:
        for sent in WRONG:
            refused = client.request(method, path, headers={"authorization": sent.encode("latin-1")}, json={})
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert OLD not in refused.text
        for token in (OLD, NEW):
            answer = client.request(method, path, headers={"authorization": f"bearer {token}"}, json={})
            assert answer.status_code != 401
    with client_of() as client:
        assert client.request(method, path, json={}).status_code != 401


def test_the_page_and_what_watches_the_server_need_none() -> None:
    with client_of(NEW, page=True) as client:
        event = {"data": ["signs", "[]", "{}", "en"]}
        assert client.post("/gradio_api/run/ask", json=event).status_code == 200
        assert [client.get(path).status_code for path in ("/", "/healthz", "/readyz", "/source/leaflet")] == [200] * 4


def test_a_browser_of_another_site_may_ask_beforehand_whether_it_may_send_one() -> None:
    app = create_app(SmallChat(), page=False, api_tokens=[NEW], allowed_origins=["https://ward.example"])
    asked = {"origin": "https://ward.example", "access-control-request-method": "POST"}
    with TestClient(app) as client:
        assert client.options("/v1/ask", headers=asked).status_code == 200
        refused = client.post("/v1/ask", json={}, headers={"origin": "https://ward.example"})
        assert refused.headers["access-control-allow-origin"] == "https://ward.example"


def test_a_client_of_openais_sends_it_and_is_told_where_it_is_wrong() -> None:
    for address in serving(SmallChat(), page=False, api_tokens=[NEW]):
        known = openai.OpenAI(base_url=f"{address}/v1", api_key=NEW)
        completion = known.chat.completions.create(model="allchat", messages=[MESSAGE])  # type: ignore[list-item]
        assert completion.choices[0].message.content
        with pytest.raises(openai.AuthenticationError):
            openai.OpenAI(base_url=f"{address}/v1", api_key=OLD).models.list()
