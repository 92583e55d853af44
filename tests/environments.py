"""Environments as an installation makes them, without a network: a virtual environment that holds links to those
distributions of this one that allchat requires, and allchat itself from a wheel.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import Distribution
from pathlib import Path

from licences import runtime
from places import ROOT
from serving import until

WHEEL_NEEDS = ("src", "pyproject.toml", "README.md", "LICENSE")


def clean_environment(**values: str) -> dict[str, str]:
    """What is around this process, without what leads a Python or allchat elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALLCHAT"))} | values


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; this environment's own paths do not reach it."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def built_wheel(folder: Path, *, origin: Path = ROOT) -> Path:
    """The wheel of the project in ``origin``, made in ``folder``."""
    for name in WHEEL_NEEDS:
        path = origin / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        else:
            shutil.copy(path, folder / name)
    pip = (sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "--no-build-isolation")
    run(*pip, "-w", folder, folder, cwd=folder)
    return next(folder.glob("allchat-*.whl"))


def install_wheel(wheel: Path, folder: Path) -> None:
    """Allchat alone, into the environment ``folder``."""
    pip = (sys.executable, "-m", "pip", "-q", "--python", folder / "bin" / "python", "install")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder)


def linked_environment(folder: Path, *, builds: bool) -> Path:
    """An environment of what serves, and, where it ``builds``, of the extra for that; allchat is not in it."""
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    for distribution in runtime(builds=builds).values():
        for entry in _entries(distribution):
            link = packages / entry.name
            if not link.exists():
                link.symlink_to(entry)
    return folder


def _entries(distribution: Distribution) -> Iterator[Path]:
    """The folders and files of a distribution that lie in site-packages themselves."""
    packages = Path(sysconfig.get_path("purelib"))
    names = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    yield from (packages / name for name in sorted(names) if (packages / name).exists())


def megabytes(distributions: Iterable[Distribution]) -> float:
    """What distributions take on the disk, in blocks, as ``du`` counts."""
    files = (Path(str(file.locate())) for one in distributions for file in one.files or ())
    return sum(path.stat().st_blocks * 512 for path in files if path.is_file()) / 10**6


@contextmanager
def served_by(command: Sequence[str], *, cwd: Path, around: Mapping[str, str]) -> Iterator[str]:
    """The address of the server that a command starts, once it listens there."""
    with subprocess.Popen(command, cwd=cwd, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line.decode())
                if found := re.search(r"http://[\d.]+:(\d+)", said[-1]):
                    address = f"http://127.0.0.1:{found[1]}"
                    # It is named before it is listened at.
                    until(lambda place=address: process.poll() is not None or listens(place))
                    yield address
                    break
            else:
                raise AssertionError("".join(said))
        finally:
            process.terminate()
            process.wait(timeout=30)


def listens(address: str) -> bool:
    """Whether a server is there."""
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=60) as answered:  # noqa: S310
            return bool(answered.status == 200)
    except OSError:
        return False


def posted(address: str, body: bytes) -> bytes:
    """What is answered to JSON that is sent to an address of this machine."""
    asked = urllib.request.Request(address, body, {"content-type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=60) as answered:  # noqa: S310
        return bytes(answered.read())
