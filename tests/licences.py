"""The licence of each distribution that allchat runs on, from what is installed. ``make licences`` prints the list."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

KNOWN = tomllib.loads((ROOT / "tests" / "licences.toml").read_text(encoding="utf-8"))


def runtime(*, builds: bool = True) -> dict[str, Distribution]:
    """Every distribution that allchat needs to run, by its canonical name; what only development needs is not in it,
    and what only building needs where it ``builds``.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *(project["optional-dependencies"]["build"] if builds else ())]
    waiting = [Requirement(text) for text in needed]
    seen: set[tuple[str, str]] = set()
    found: dict[str, Distribution] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name == "triton" or name.startswith(("nvidia-", "cuda-")):
            continue  # torch's build for graphics cards brings them; ours is the one for processors
        found[name] = importlib.metadata.distribution(name)
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            needs = [Requirement(text) for text in found[name].requires or ()]
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return dict(sorted(found.items()))


def licences(distribution: Distribution) -> tuple[str, ...]:
    """Every licence that its metadata names, in SPDX's names where we know them; none where it names none.

    ``OR`` is read as ``AND``: each that is named must be allowed. Of the expression, the field and the classifiers, the
    first that says something counts.
    """
    metadata = distribution.metadata
    title, *text = (metadata.get("License") or "").strip().splitlines() or [""]
    classifiers = metadata.get_all("Classifier") or []
    named = [words.split(" :: ")[-1] for words in classifiers if words.startswith("License ::")]
    if expression := metadata.get("License-Expression") or "":
        return tuple(_parts(expression))
    if title in KNOWN["words"]:
        return (KNOWN["words"][title],)
    if title and not text:  # a licence's whole text is no name
        return tuple(_parts(title))
    return tuple(KNOWN["words"].get(words, words) for words in named)


def _parts(expression: str) -> Iterator[str]:
    yield from dict.fromkeys(re.split(r"\s+(?:AND|OR|WITH)\s+", expression.replace("(", " ").replace(")", " ").strip()))


def refused(named: Collection[str]) -> tuple[str, ...]:
    """Those that are not allowed; "no licence" where none is named."""
    return tuple(name for name in named if name not in KNOWN["allowed"]) if named else ("no licence",)


def main() -> None:
    """The list: name, version, licences."""
    for name, distribution in runtime().items():
        print(f"{name:24} {distribution.version:16} {', '.join(licences(distribution)) or 'no licence'}")  # noqa: T201


if __name__ == "__main__":
    main()
