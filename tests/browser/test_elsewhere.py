"""The page as a part of another site: below a path of it, behind a real nginx, and in a frame of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployed_site import NGINX, free_ports
from serving import serving, until
from small_chat import SmallChat

pytestmark = pytest.mark.browser

CONF = """
daemon off; pid {folder}/pid; error_log {folder}/errors; {user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /families/ask/ {{
            proxy_pass {behind}/;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Host hospital.example;
        }}
    }}
}}
"""


@pytest.fixture
def below(small: str, tmp_path: Path) -> Iterator[str]:
    """The small chat's page at /families/ask/ of another site."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    (port,) = free_ports(1)
    user = "user root;" if os.getuid() == 0 else ""
    conf = tmp_path / "nginx.conf"
    conf.write_text(CONF.format(folder=tmp_path, port=port, behind=small, user=user), encoding="utf-8")
    with subprocess.Popen([str(NGINX), "-e", str(tmp_path / "errors"), "-c", str(conf)]) as nginx:
        for _ in range(100):
            if (tmp_path / "pid").exists():
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/families/ask/"
        nginx.terminate()


def test_below_a_path_everything_works_without_a_setting(below: str, visit: Any) -> None:
    here = visit(below, arrive=False)
    here.page.wait_for_selector("#ask")
    here.ask("signs")
    here.page.locator('#chat a[href="#t1q1"]').click()
    assert here.seen("#t1q1")
    with here.page.context.expect_page() as opened:
        here.page.locator("#whole").click()
    opened.value.locator("#marked").wait_for()
    assert opened.value.url.startswith(f"{below}source/leaflet")
    opened.value.locator(".home a").first.click()
    opened.value.wait_for_selector("#ask")
    assert opened.value.url == below
    here.page.locator(".languages a[lang=es]").click()
    assert here.page.url == f"{below}es/"
    here.ask("more signs", turn=2)
    here.page.reload()
    here.page.wait_for_selector("#ask")
    here.ask("signs")
    assert here.page.evaluate("document.documentElement.lang") == "es"
    asked = [url for url in here.requests if not url.startswith(below)]
    assert asked == []


HOST = """<!doctype html><link rel="icon" href="data:,"><title>A hospital</title>
<iframe src="{page}/embed" width="390" height="600"></iframe>"""


@pytest.mark.parametrize(("listed", "shown"), [(True, True), (False, False)])
def test_only_a_listed_site_may_show_the_page_in_a_frame(
    chromium: str, visit: Any, tmp_path: Path, listed: bool, shown: bool
) -> None:
    (port,) = free_ports(1)
    site = f"http://127.0.0.1:{port}"
    for page in serving(SmallChat(), embed_sites=[site if listed else "https://elsewhere.example"]):
        (tmp_path / "index.html").write_text(HOST.format(page=page), encoding="utf-8")
        command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as host:
            until(lambda: listens(port))
            here = visit(f"{site}/index.html", faults=not shown)
            frame = here.page.frames[1]
            if shown:
                frame.wait_for_selector("#ask")
                frame.fill("#ask", "signs")
                frame.press("#ask", "Enter")
                frame.wait_for_selector("#chat .said")
                assert frame.locator('.bar a[href="tel:911"]').is_visible()
            assert bool(frame.locator("#ask").count()) is shown
            host.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
