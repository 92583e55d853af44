"""Gradio, imported once with all that it would send, record or print turned off; others take ``gr`` from here."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from types import SimpleNamespace

# Gradio and the hub client read these once, while they are imported; afterwards it is too late to ask for silence.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_RUN_HISTORY"] = "False"
# Gradio would make a table of all events after each of them, for a page of figures that is off here.
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
# Around each event Gradio asks matplotlib, where it is installed, how it draws. Unasked, it would look for a window
# system and load all that it has: half a second of the first family's time.
os.environ.setdefault("MPLBACKEND", "agg")
with contextlib.suppress(ImportError):
    importlib.import_module("matplotlib")

import gradio as gr
from gradio import queueing, route_utils, routes

__all__ = ["gr", "log", "queueing", "route_utils"]

log = logging.getLogger("allchat.page")


def _log_class() -> None:
    """Write what is being handled into the log: its class alone."""
    raised = sys.exc_info()[0]
    log.error("an event of the page failed: %s", raised.__name__ if raised else "nothing")


# Gradio prints what an event raises, and pydantic's words for it repeat what was typed.
for _module in (queueing, route_utils, routes):
    vars(_module)["traceback"] = SimpleNamespace(print_exc=_log_class)
