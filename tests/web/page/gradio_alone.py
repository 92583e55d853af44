"""Gradio in a new process, by itself or as the adapter sets it up; prints what it did, as JSON."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any


def found() -> dict[str, Any]:
    """What Gradio does of itself on a machine that says it is a Space of Hugging Face."""
    import gradio as gr
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from huggingface_hub import constants

    with gr.Blocks(analytics_enabled=False) as page:
        told, heard = gr.Textbox(), gr.Textbox()
        gr.Button().click(str, told, heard, api_name="unqueued", queue=False)
        gr.Button().click(str, told, heard, api_name="queued")
    with TestClient(gr.mount_gradio_app(FastAPI(), page, path="/")) as client:
        unqueued = client.post("/gradio_api/run/unqueued", json={"data": ["a"]}).status_code
        queued = client.post("/gradio_api/run/queued", json={"data": ["a"]}).status_code
    drawing = "matplotlib.pyplot" in sys.modules
    return {"silent": constants.HF_HUB_DISABLE_TELEMETRY, "drawing": drawing, "unqueued": unqueued, "queued": queued}


def imported_where_nothing_can_be_written() -> dict[str, Any]:
    """What the import of Gradio ends with where no file can be written to; no byte can be, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        import gradio  # noqa: F401
    except FileNotFoundError as error:
        return {"failed": str(error)}
    return {"failed": ""}


def set_up() -> dict[str, Any]:
    """The same where no file can be written to, with the adapter."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from allchat.web.page.gradio_adapter import carried, mounted

    app = FastAPI()
    mounted(app, carried({"ask": (str, 1, 1)}, threads=50), behind=lambda served: served)
    with TestClient(app) as client:
        asked = client.post("/gradio_api/run/ask", json={"data": ["a"]}).status_code
    from huggingface_hub import constants  # by Gradio, and before by nobody

    drawing = "matplotlib.pyplot" in sys.modules
    return {"silent": constants.HF_HUB_DISABLE_TELEMETRY, "drawing": drawing, "asked": asked}


if __name__ == "__main__":
    does = {"found": found, "unwritable": imported_where_nothing_can_be_written, "set up": set_up}[sys.argv[1]]
    sys.stdout.write(json.dumps(does()) + "\n")
