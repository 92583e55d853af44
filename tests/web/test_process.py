"""The process: no copy of its memory, and as many files as it may open."""

from __future__ import annotations

import subprocess
import sys

CHECK = """
import ctypes, os, resource, signal
from allchat.web.process import keep_to_itself, raise_file_limit
_, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
keep_to_itself()
assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
soft, hard = raise_file_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[1]
assert soft == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65536) > 64
assert raise_file_limit() == soft
"""

SERVE = """
import ctypes, resource, sys
from click.testing import CliRunner
from allchat.cli.main import cli
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
assert CliRunner().invoke(cli, ["serve", "--index=/nowhere"]).exit_code == 3
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
"""


def test_no_core_file_is_written_no_memory_read_by_others_and_files_are_enough() -> None:
    subprocess.run([sys.executable, "-c", CHECK], check=True)


def test_serve_begins_with_it_before_it_opens_anything() -> None:
    subprocess.run([sys.executable, "-c", SERVE], check=True)
