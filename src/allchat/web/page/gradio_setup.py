"""Gradio, imported once with all that it would send, record or draw turned off; others take ``gr`` from here."""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile

# Gradio and the hub client read these once, while they are imported; afterwards it is too late to ask for silence.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_RUN_HISTORY"] = "False"
# Around each event Gradio asks matplotlib, where it is installed, how it draws. Unasked, it would look for a window
# system and load all that it has: half a second of the first family's time.
os.environ.setdefault("MPLBACKEND", "agg")
with contextlib.suppress(ImportError):
    importlib.import_module("matplotlib")

try:
    tempfile.gettempdir()
except FileNotFoundError:
    # Gradio names a folder for files there while it is imported. The page has no files: nothing is ever written there,
    # and a server whose whole disk is read-only need not have a place that can be written.
    tempfile.tempdir = "/tmp"  # noqa: S108

import gradio as gr

__all__ = ["gr"]
