"""The same targets led by coverage (atheris, on libFuzzer): inputs that reach a new line are kept and varied.

python tests/fuzz/guided.py TARGET... [-runs=N]      without a target: all of the parsers, one after another
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

RUNS = 5000


def run(name: str, *, runs: int) -> None:
    """Sends a target its inputs; libFuzzer ends the process, with 0 where nothing was found."""
    import atheris

    with atheris.instrument_imports(include=["allchat"]):
        from target import SECONDS, World, house
        from targets import TARGETS

        from allchat.build import build
        from allchat.chat import Chat
        from allchat.errors import AllchatError
        from allchat.web.app import create_app
    from fastapi.testclient import TestClient
    from hypothesis import HealthCheck, given, settings
    from places import SMALL
    from word_hash import WordHash

    folder = Path(tempfile.mkdtemp())
    index = build(SMALL, index=folder / "built", embedder=WordHash())
    chat = Chat.open(index, corpus=SMALL, embedder=WordHash())
    os.chdir(folder)
    with (
        TestClient(create_app(chat, page=False, questions_per_minute=0)) as doors,
        TestClient(house(chat, folder=folder)) as whole,
    ):
        world = World(chat, index, folder, doors, whole)

        @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(TARGETS[name].sent)
        def whatever(sent: Any) -> None:
            with suppress(AllchatError):
                TARGETS[name].check(sent, world)

        options = [f"-runs={runs}", f"-timeout={SECONDS}", "-seed=1", "-max_len=4096", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], *options], whatever.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
        atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Each target in a process of its own, since libFuzzer ends it; 1 where one found something."""
    runs = next((int(word.removeprefix("-runs=")) for word in arguments if word.startswith("-runs=")), RUNS)
    names = [word for word in arguments if not word.startswith("-")]
    if len(names) == 1:
        run(names[0], runs=runs)
        return 0
    from targets import TARGETS

    wrong = [
        name
        for name in names or [name for name, target in TARGETS.items() if not target.door]
        if subprocess.run([sys.executable, __file__, name, f"-runs={runs}"], check=False).returncode != 0
    ]
    print("found something:" if wrong else "found nothing", *wrong)  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
