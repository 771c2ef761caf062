"""An endpoint before the sandbox: it keeps back the answer to an action that was carried out."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


class HeldEndpoint:
    """Passes requests on; the answers to the action wait until they are released.

    Attributes:
        url: Its address.
        held: Set when an answer is kept back: AWS has done it, and nobody knows.
    """

    def __init__(self, target: str, action: str) -> None:
        self.held = threading.Event()
        self._released = threading.Event()
        self._target, self._action = target, action
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def release(self) -> None:
        """Answer from now on."""
        self._released.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, answer = endpoint._pass_on(self.path, body, self.headers)
                match = _ACTION.search(body)
                if match and match[1].decode() == endpoint._action:
                    endpoint.held.set()
                    endpoint._released.wait()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "text/xml")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:  # whoever asked was killed
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _pass_on(self, path: str, body: bytes, headers: Any) -> tuple[int, bytes]:
        kept = {
            name: value
            for name, value in headers.items()
            if name.lower() not in {"host", "content-length", "connection"}
        }
        request = urllib.request.Request(self._target + path, body, kept, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - the sandbox
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
