"""The page below a path of another site: a real nginx passes its requests on without the path."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployed_site import NGINX, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]

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
    here.page.wait_for_selector("body.ready")
    here.ask("signs")
    here.page.locator('#chat a[href="#t1q1"]').click()
    assert here.seen("#t1q1")
    with here.page.context.expect_page() as opened:
        here.page.locator("#whole").click()
    opened.value.locator("#marked").wait_for()
    assert opened.value.url.startswith(f"{below}source/leaflet")
    opened.value.locator(".home a").first.click()
    opened.value.wait_for_selector("body.ready")
    assert opened.value.url == below
    here.page.locator(".languages a[lang=es]").click()
    assert here.page.url == f"{below}es/"
    here.ask("more signs", turn=2)
    here.page.reload()
    here.page.wait_for_selector("body.ready")
    here.ask("signs")
    assert here.page.evaluate("document.documentElement.lang") == "es"
    asked = [url for url in here.requests if not url.startswith(below)]
    assert asked == []
