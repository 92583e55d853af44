"""Everything allchat raises on purpose.

    AllchatError
    ├── SettingsError    a setting is unknown or out of range
    ├── CorpusError      a source, or what is said about it, is not as declared
    ├── ModelError       the embedding model or the tokenizer is missing or altered
    ├── StoreError       the index is missing, damaged, or older than what it was built from
    │   └── GoneError    the version that answers is not in the store any more
    ├── PageError        Gradio does not carry a question of the page to its answer; the page is not served
    ├── QuestionError    the question cannot be taken as it is
    ├── BusyError        more is asked than can be answered now
    └── VerificationError  a quote is not what its source says; the answer is withheld

Each message says where, what is so, and what to do.
"""

from __future__ import annotations


class AllchatError(Exception):
    """Base of every error that allchat raises on purpose."""


class SettingsError(AllchatError):
    """A setting is unknown or its value is out of range."""


class CorpusError(AllchatError):
    """A source text, or what corpus.toml says about it, is not as declared."""


class ModelError(AllchatError):
    """The embedding model or the tokenizer is missing or altered."""


class StoreError(AllchatError):
    """The index is missing, damaged, or does not fit the corpus, the settings or the model."""


class GoneError(StoreError):
    """The version that answers is not in the store any more: one that came after it is asked, where there is one."""


class PageError(AllchatError):
    """Gradio does not carry a question of the page to its answer; the page is not served."""


class QuestionError(AllchatError):
    """The question cannot be taken as it is (empty, too long, not text)."""


class BusyError(AllchatError):
    """More is asked than can be answered now; nothing is wrong with the question."""


class VerificationError(AllchatError):
    """A quote does not match its source; the answer must not leave."""
