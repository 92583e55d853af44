"""What of the settings and the files works and is unsafe: doctor warns of it."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path

from pydantic import SecretStr

from allchat.cli.doctor import Finding
from allchat.settings import Settings

LEAST_TOKEN = 24
"""Characters of a token that nobody guesses: 96 bits where it is written in hexadecimal digits."""

MOST_TRUSTED = 65_536
"""Addresses of proxies: more than that is no proxy's network, but everyone's."""


def unsafe_settings(settings: Settings) -> Iterator[Finding]:
    """A warning for each setting that is taken and leaves something open, with what to do."""
    for what in (*_doors(settings), *_tokens(settings), *_numbers(settings)):
        yield Finding("settings", "warning", what)
    votes = () if settings.votes is None else (settings.votes.absolute().parent,)
    counts = () if settings.counts is None else (settings.counts,)
    reports = () if settings.reports is None else (settings.reports.absolute().parent,)
    for what in writable(settings.index, settings.corpus, *votes, *counts, *reports):
        yield Finding("files", "warning", what)


def _doors(settings: Settings) -> Iterator[str]:
    for network in settings.trusted_proxies:
        if _addresses(network) > MOST_TRUSTED:
            yield f"trusted_proxies: {network} lets anyone choose an address, and a rate. Name your proxy alone."
    for origin in settings.allowed_origins:
        if "*" in origin:
            yield f"allowed_origins: {origin} lets every site ask in its visitors' name. Name the sites."
        elif origin.startswith("http://"):
            yield f"allowed_origins: {origin} can be read and changed on its way. Name it with https."
    for site in settings.embed_sites:
        if site.startswith("http://"):
            yield f"embed_sites: {site} can be read and changed on its way. Name it with https."
    if settings.questions_per_minute == 0:
        yield "questions_per_minute: 0 lets one client take every place. Set a limit."


def _addresses(network: str) -> int:
    try:
        return ip_network(network, strict=False).num_addresses
    except ValueError:
        return 0


def _tokens(settings: Settings) -> Iterator[str]:
    for name in ("metrics_token", "api_tokens"):
        secret: SecretStr = getattr(settings, name)
        if any(len(token) < LEAST_TOKEN for token in secret.get_secret_value().split()):
            yield f"{name}: one is shorter than {LEAST_TOKEN} characters. Make one with: openssl rand -hex 24"


def _numbers(settings: Settings) -> Iterator[str]:
    for name in ("emergency_number", "crisis_number", "poison_number"):
        number = getattr(settings, name)
        digits = re.sub(r"\D", "", number)
        if len(digits) < 2 or set(digits) <= {"0"} or re.search(r"55501\d\d$", digits) or digits in "0123456789":
            yield f"{name}: {number} is no number that anyone answers. Families are told to call it: correct it."


def writable(*folders: Path) -> Iterator[str]:
    """The folders and their files that every user of this machine may write to."""
    for folder in folders:
        paths: Iterable[Path] = (folder, *sorted(folder.rglob("*"))) if folder.is_dir() else ()
        found = [path for path in paths if not path.is_symlink() and path.stat().st_mode & stat.S_IWOTH]
        # In a folder such as /tmp everyone may write, and nobody take away what is another's.
        open_to_all = [path for path in found if not path.stat().st_mode & stat.S_ISVTX]
        if open_to_all:
            more = f" and {len(open_to_all) - 1} more" if len(open_to_all) > 1 else ""
            yield f"{open_to_all[0]}{more}: every user of this machine may write there. Run: chmod -R o-w {folder}"
