"""What Chromium prints: the words of each sheet of paper, and the colours of what is on it."""

from __future__ import annotations

from typing import Any

import pypdfium2

FORMATS = ({"format": "A4"}, {"format": "Letter", "landscape": True}, {"format": "A3", "landscape": True})
"""The last is wider and higher than the window from which the page lays itself out in two columns."""


def printed(page: Any, **options: Any) -> list[str]:
    """The words of each sheet in reading order, white space made single."""
    document = pypdfium2.PdfDocument(page.pdf(**options))
    try:
        return [" ".join(sheet.get_textpage().get_text_range().split()) for sheet in document]
    finally:
        document.close()


def pale(page: Any) -> list[str]:
    """The words that would be pale on paper, where no background is printed; the colours are those of print."""
    page.emulate_media(media="print", color_scheme="dark")
    found: list[str] = page.evaluate(_PALE)
    page.emulate_media(media="screen", color_scheme="light")
    return found


_PALE = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walk.nextNode()) {
    const words = walk.currentNode.textContent.trim(), holder = walk.currentNode.parentElement;
    if (!words || !holder.checkVisibility() || holder.closest(".vh, script, style")) continue;
    const parts = getComputedStyle(holder).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    if (Math.max(...parts) > 150 && Math.min(...parts) > 80) found.push(words);
  }
  return found;
}"""
