"""PostgreSQL over TLS. The server's binaries that the other tests run have none: this is Debian's, which has no
pgvector, so that what is tested here ends where a version would be read.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployed_site import free_ports
from postgres_server import DEBIAN, Server, missing_tls

if missing_tls() is not None:
    pytest.skip(f"not tested: {missing_tls()}", allow_module_level=True)

import psycopg

from allchat.errors import StoreError
from allchat.search.postgres_connections import Address
from allchat.search.postgres_shelf import PostgresShelf

ACCESS = b"local all all trust\nhostssl all all all trust\n"


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder: Path) -> Path:
    """The folder of a new CA, with the certificate that it gave to a server called localhost."""
    folder.mkdir()
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=a CA", "-days", "2")
    _openssl(folder, "req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    _openssl(folder, "x509", "-req", "-in", "server.csr", *signing, "-out", "server.crt")
    return folder


class Encrypted:
    """A server that takes nothing but TLS over the network of this machine."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.others = authority(folder / "ours"), authority(folder / "others")
        self.port, binaries = next(iter(free_ports(1))), DEBIAN[-1].parents[1]
        settings = {"ssl": "on", "listen_addresses": "localhost", "port": str(self.port)}
        files = {name: (self.ours / name).read_bytes() for name in ("server.crt", "server.key")}
        self.server = Server(binaries=binaries, files={**files, "pg_hba.conf": ACCESS}, settings=settings)

    def url(self, *, host: str = "localhost", root: Path | None = None) -> str:
        root = root or self.ours / "ca.pem"
        return f"postgresql://owner@{host}:{self.port}/postgres?sslmode=verify-full&sslrootcert={root}"


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    started = Encrypted(tmp_path_factory.mktemp("tls"))
    yield started
    started.server.remove()


def test_a_server_whose_certificate_is_verified_is_reached_encrypted(encrypted: Encrypted, tmp_path: Path) -> None:
    with psycopg.connect(Address(encrypted.url()).conninfo()) as one:
        used = one.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert used == (True, "TLSv1.3")
    with pytest.raises(StoreError, match="has no extension vector"):  # it was asked
        PostgresShelf(encrypted.url(), folder=tmp_path).current()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"root": "others/ca.pem"}, "certificate verify failed"),
        ({"root": "none.pem"}, "root certificate file .* does not exist"),
        ({"host": "127.0.0.1"}, 'server certificate for "localhost" .*does not match host name "127.0.0.1"'),
    ],
)
def test_a_server_that_cannot_be_trusted_is_not_asked_and_the_error_says_what_to_name(
    encrypted: Encrypted, tmp_path: Path, wrong: dict[str, str], told: str
) -> None:
    where = {**wrong, "root": encrypted.ours.parent / wrong["root"]} if "root" in wrong else wrong
    with pytest.raises(StoreError, match=rf"no safe connection \(.*{told}.*\)\. Name .* sslrootcert=FILE"):
        PostgresShelf(encrypted.url(**where), folder=tmp_path).current()  # type: ignore[arg-type]


def test_a_server_that_is_away_is_told_as_away_also_where_it_is_encrypted(tmp_path: Path) -> None:
    lost = Encrypted(tmp_path)
    lost.server.remove()
    with pytest.raises(StoreError, match=r"cannot be reached .*Start it, or wait"):
        PostgresShelf(lost.url(), folder=tmp_path).current()
