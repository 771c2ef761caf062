"""The HTTP server around the application: werkzeug's, with a thread for each request."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    import socket

    from sandbox.aws.wsgi_app import Application

log = logging.getLogger("sandbox.http")


class _Handler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        # Without the query, which may hold an external id or a token.
        log.debug("%s %s: %s, %s bytes", self.command, self.path.partition("?")[0], code, size)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        log.debug(f"{type}: {message}", *args)  # noqa: G004 - werkzeug's own format, its arguments apart


class Listener(ThreadedWSGIServer):
    """Serves an application on a socket that is bound already."""

    daemon_threads = True  # a request that hangs doesn't keep the process alive

    def __init__(self, bound: socket.socket, application: Application) -> None:
        host, port = bound.getsockname()[:2]
        # werkzeug works on a duplicate of the descriptor. Left to bind by itself it would end the
        # process when the port is taken.
        super().__init__(host, port, application, _Handler, fd=bound.fileno())
        bound.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        log.debug("the client at %s was lost", client_address, exc_info=sys.exc_info())
