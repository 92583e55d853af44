"""The steps of the Containerfile without a container engine: each stage is a folder, what would be fetched is linked
from this environment, and the last command runs as a user without rights on a disk that nothing can write to.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from environments import built_wheel, clean_environment, install_wheel, linked_environment
from places import ROOT

HOME = "/opt/allchat"
"""Where the stages work; here each has a folder of its own in its place."""

READ_ONLY = r"""
mount --make-rprivate /
while read -r _ at type _; do
  case $type in tmpfs|ext*|xfs|btrfs|zfs|overlay|fuse*) mount -o remount,bind,ro "$at" 2>/dev/null ;; esac
done < /proc/mounts
if [ -n "$1" ]; then mount -t tmpfs -o mode=1777,size=64m tmpfs "$1"; fi
shift
exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
  --bounding-set=-all,+dac_read_search --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search "$@"
"""
"""A disk on which only ``$1`` may be written, and a user who may write nothing and read everything: this machine's
Python may lie in the home of another user, which a container's does not."""


@dataclass
class Stage:
    """One stage as it stands when its steps are done."""

    name: str
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


def steps(text: str) -> list[tuple[str, str]]:
    """Each instruction and its words."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    found = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return [(instruction, words) for instruction, words in found]


def stages(text: str, *, work: Path, index: Path) -> dict[str, Stage]:
    """The stages of a Containerfile after all their steps; a build of the index finds ``index`` there."""
    made: dict[str, Stage] = {}
    stage = Stage("", work)
    for instruction, words in steps(text):
        if instruction == "FROM":
            name = words.rpartition(" AS ")[2]
            stage = made[name] = Stage(name, work / name)
            stage.folder.mkdir()
            if name == "build":
                shutil.copytree(index, stage.folder / "index")
        elif instruction == "COPY":
            _copy(shlex.split(words), stage, made)
        elif instruction == "RUN":
            _run(words, stage)
        else:
            _set(instruction, words, stage)
    return made


def _set(instruction: str, words: str, stage: Stage) -> None:
    match instruction:
        case "ENV":
            name, _, value = words.partition("=")
            stage.environment[name] = value
        case "USER":
            stage.user = words
        case "CMD":
            stage.command = json.loads(words)
        case "HEALTHCHECK":
            stage.health = json.loads(words.removeprefix("CMD "))
        case _:
            assert (instruction, words) in (("WORKDIR", HOME), ("EXPOSE", "7860")), f"{instruction} {words}"


def _copy(words: Sequence[str], stage: Stage, made: dict[str, Stage]) -> None:
    *origins, target = (word for word in words if not word.startswith("--"))
    lies = ROOT
    for word in words:
        if word.startswith("--from="):
            lies = made[word.removeprefix("--from=")].folder
    for origin in origins:
        path = lies / origin.removeprefix(f"{HOME}/")
        if path.is_dir():
            shutil.copytree(path, stage.folder / target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(path, stage.folder / target)


def _run(words: str, stage: Stage) -> None:
    said = shlex.split(words)
    if said == ["python", "-m", "venv", ".venv"]:
        return
    if said[:4] == [".venv/bin/python", "-m", "pip", "install"]:
        _install(said[4:], stage)
        return
    done = subprocess.run(
        said, cwd=stage.folder, env=clean_environment(**stage.environment), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _install(said: Sequence[str], stage: Stage) -> None:
    """What pip would fetch is linked; allchat itself is installed from its folder."""
    folder = stage.folder / ".venv"
    if said[-2:] == ["-r", "serving.txt"]:
        assert {"--require-hashes", "--no-deps"} <= set(said)
        linked_environment(folder, builds=False)
        return
    if said[-1] == ".[build]":
        assert said[said.index("-c") + 1] == "constraints.txt"
        linked_environment(folder, builds=True)
    else:
        assert said[-2:] == ["--no-deps", "."]
    install_wheel(built_wheel(stage.folder.parent / f"wheel-{stage.name}", origin=stage.folder), folder)


def read_only(command: Sequence[str], *, writable: str = "") -> list[str]:
    """A command as it runs with ``--read-only``; ``writable`` is the one folder that may be written."""
    return ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", writable, *command]


def missing_rights() -> str:
    """Why commands cannot be run so by this user, or nothing."""
    if any(shutil.which(tool) is None for tool in ("unshare", "setpriv", "mount")):
        return "no unshare, setpriv or mount on this machine"
    tried = subprocess.run(
        read_only(["sh", "-c", "! [ -w /tmp ]"]), capture_output=True, text=True, check=False, cwd=ROOT
    )
    return "" if tried.returncode == 0 else f"this user cannot make the disk read-only for one process: {tried.stderr}"
