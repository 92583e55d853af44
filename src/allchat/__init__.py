"""Answers families' questions about childhood leukemia with the exact words of trusted sources."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from allchat.chat import Chat
    from allchat.records import Answer, Citation

__all__ = ["Answer", "Chat", "Citation"]


def __getattr__(name: str) -> Any:
    # Looked up when first used, so that `import allchat` stays free of everything heavy.
    if name == "Chat":
        from allchat.chat import Chat

        return Chat
    if name in ("Answer", "Citation"):
        from allchat import records

        return getattr(records, name)
    raise AttributeError(f"module 'allchat' has no attribute {name!r}")
