"""A network that is closed but for the loopback range, and what tried to leave it."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.endpoint import is_loopback_host

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses and names off the loopback range that anything here tried to reach."""
    tried: list[object] = []

    def guard(name: str) -> None:
        original: Callable[..., Any] = getattr(socket.socket, name)

        def guarded(self: socket.socket, *args: Any) -> Any:
            address = args[0] if name != "sendto" else args[-1]
            inside = self.family == socket.AF_UNIX or ipaddress.ip_address(address[0]).is_loopback
            if not inside:
                tried.append(address)
                raise OSError("the network is closed")
            return original(self, *args)

        monkeypatch.setattr(socket.socket, name, guarded)

    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        if not is_loopback_host(str(host)):
            tried.append(host)
            raise socket.gaierror("the network is closed")
        return look_up(host, *args, **options)

    for name in ("connect", "connect_ex", "sendto"):
        guard(name)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    return tried
