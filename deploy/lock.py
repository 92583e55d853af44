"""Turns pip's report of an installation into requirements with the sha256 of each file: ``make lock``."""

from __future__ import annotations

import json
import sys

HEAD = """\
# What serves, with the sha256 of each file, for Python 3.11 on Linux (x86-64): what the Containerfile installs.
# Renew with: make lock"""


def main() -> None:
    """Reads the report, prints the requirements in the order of their names."""
    found = json.load(sys.stdin)["install"]
    print(HEAD)  # noqa: T201
    for entry in sorted(found, key=lambda one: one["metadata"]["name"].lower()):
        sha256 = entry["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if sha256:  # allchat itself has none: it is installed from its own folder
            name, version = entry["metadata"]["name"], entry["metadata"]["version"]
            print(f"{name}=={version} --hash=sha256:{sha256}")  # noqa: T201


if __name__ == "__main__":
    main()
