"""How time and memory are read, and how figures are written."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from allchat.benchmark.figures import Machine
from allchat.chat import Chat
from allchat.errors import AllchatError

Asked = TypeVar("Asked")
Vectors = NDArray[np.float32]

SETTING = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}


def questions_of(chat: Chat, *, most: int) -> list[str]:
    """Questions of families from the index, spread over the sources."""
    asked = list(dict.fromkeys(text for _, _, text in chat.index.questions()))
    if not asked:
        raise AllchatError("the index holds no questions to measure with. Build it from a corpus that has some.")
    return asked[:: max(1, len(asked) // most)][:most]


def machine() -> Machine:
    """What the figures were measured on."""
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    libraries = ("onnxruntime", "tokenizers", "faiss-cpu", "numpy", "torch", "sentence-transformers")
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": cpu.group(1) if cpu else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in ("allchat", *libraries)},
    }


def milliseconds(run: Callable[[Asked], object], asked: Asked) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    run(asked)
    return 1000 * (time.perf_counter() - begun)


def ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The median of one side over that of the other."""
    return round(float(np.median(one / other)), 2)


def seconds(command: Sequence[str]) -> float:
    """How long a command takes in a process of its own."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **SETTING})  # noqa: S603 - our own words
    return time.perf_counter() - begun


def resident_mb(process: int) -> float:
    """The resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
