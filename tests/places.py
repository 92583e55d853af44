"""Where the tests' material stands."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SMALL = ROOT / "tests" / "corpus_small"
