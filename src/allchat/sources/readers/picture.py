"""PDF: one page as a picture, with its lines of text and where they stand. Runs as a child process of its own.

Serving needs this of a reader alone, and a page may be anything: the child has limits, gives way to every question,
and is the first to go where memory is short.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from allchat.errors import BusyError
from allchat.sources.readers.pdf_lines import page_lines

SECONDS = 10
MEMORY = 600_000_000
MOST_BYTES = 3_000_000
"""Bytes of a picture with its lines; of the WHO's and of hospitals' pages the largest has 200,000."""

WIDTH, HEIGHT = 1200, 2400
"""Pixels of a picture at most: two for each point of a phone's screen that shows the page in its width."""

COLOURS = 96
"""Colours of a picture: letters keep their edges, and it has a quarter of the bytes."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page of ``width`` times ``height`` points as a PNG, and its lines: their boxes in points from the lower left
    corner, and their words.
    """

    width: float
    height: float
    png: bytes
    lines: tuple[tuple[Box, str], ...]


def picture_apart(content: bytes, *, page: int) -> PagePicture | None:
    """A page (from 1) of a PDF, made in a process of its own; None where it cannot be made within the limits.

    Raises:
        BusyError: the machine had no time or no memory for it, which says nothing of the page.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this Python, fixed arguments and a number
            [sys.executable, "-P", "-m", "allchat.sources.readers.picture", str(page)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=3 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BusyError("the page was not drawn in time. Try again in half a minute.") from error
    if done.returncode == -signal.SIGKILL:  # the machine's memory was short; our own limits end it otherwise
        raise BusyError("the page was not drawn: memory is short. Try again in half a minute.")
    head, _, png = done.stdout.partition(b"\n")
    if done.returncode != 0 or not png or len(done.stdout) > MOST_BYTES:
        return None
    said = json.loads(head)
    lines = tuple(((box[0], box[1], box[2], box[3]), text) for box, text in said["lines"])
    return PagePicture(said["width"], said["height"], png, lines)


def made(content: bytes, *, page: int) -> bytes:
    """What the child gives: a line of JSON, and the PNG."""
    import pypdfium2 as pdfium  # here: only the child loads it

    with contextlib.closing(pdfium.PdfDocument(content)) as document:
        sheet = document[page - 1]
        width, height = sheet.get_size()
        shown = sheet.render(scale=min(WIDTH / width, HEIGHT / height)).to_pil().convert("RGB")
        file = io.BytesIO()
        shown.quantize(COLOURS, dither=0).save(file, format="PNG", optimize=True)
        lines = [(line.box, line.text) for line in page_lines(document, page - 1)]
    said = {"width": width, "height": height, "lines": lines}
    return json.dumps(said).encode() + b"\n" + file.getvalue()


def _limited() -> None:
    # A second before it is killed for its time it is told: only the machine kills it at once.
    for limit, most, end in (
        (resource.RLIMIT_CPU, SECONDS, SECONDS + 1),
        (resource.RLIMIT_AS, MEMORY, MEMORY),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with contextlib.suppress(ValueError):  # a stricter limit of the machine stays
            resource.setrlimit(limit, (most, end))
    os.nice(10)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> int:
    """Makes one picture; any other exit code than 0 is none."""
    _limited()
    sys.stdout.buffer.write(made(sys.stdin.buffer.read(), page=int(sys.argv[1])))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
