"""A git repository at an https address, as `pulumi package add` and `pulumi install` take it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.43"
"""Without a port, which Python's `venv` would refuse in the name of the plugin's folder."""


def _git(*arguments: str | Path) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)  # noqa: S603, S607


def make_repository(root: Path, path: str, folder: Path, tag: str) -> None:
    """Make a bare repository at a path below the root, with a folder's content at a tag."""
    work = root.with_name("work")
    ignored = shutil.ignore_patterns("__pycache__", "venv")
    shutil.copytree(folder, work / folder.name, ignore=ignored)
    _git("init", "-q", work)
    _git("-C", work, "add", "-A")
    _git("-C", work, "commit", "-q", "-m", "first")
    _git("-C", work, "tag", tag)
    _git("clone", "-q", "--bare", work, root / path)


def _make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of the host, with its key, and all certificates that are trusted besides."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(host, critical=False)
        .sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    own, trusted = folder / "own.pem", folder / "trusted.pem"
    own.write_bytes(certificate + private)
    system = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    trusted.write_bytes(certificate + (Path(system).read_bytes() if system else b""))
    return own, trusted


class _Handler(BaseHTTPRequestHandler):
    root: Path

    def do_GET(self) -> None:
        """Answer by git's own CGI program."""
        path, _, query = self.path.partition("?")
        headers = {"CONTENT_TYPE": "Content-Type", "GIT_PROTOCOL": "Git-Protocol"}
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        } | {name: self.headers.get(header, "") for name, header in headers.items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        command = ["git", "http-backend"]
        done = subprocess.run(command, input=body, env=environment, capture_output=True, check=True)  # noqa: S603
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for field, value in (fields | {"Content-Length": str(len(answer))}).items():
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serve_repositories(root: Path) -> Iterator[Path]:
    """Serve the repositories below a folder, while the file of certificates that it yields is what
    a client trusts.

    Raises:
        PermissionError: Port 443 isn't for this user.
    """
    own, trusted = _make_certificate(root.parent)
    handler = type("Handler", (_Handler,), {"root": root})
    server = ThreadingHTTPServer((HOST, 443), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield trusted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
