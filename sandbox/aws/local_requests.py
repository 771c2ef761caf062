"""Which requests come from a program on this machine, and which from a page in its browser.

The sandbox verifies no signatures, so that a page of another site could use it through the browser:
by a request of its own, or by a name of its own that it lets point to 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws.endpoint import is_loopback

if TYPE_CHECKING:
    from sandbox.aws.query_protocol import Environ


def describe_foreign_request(environ: Environ) -> str | None:
    """Why a request isn't answered; None for one that is.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Site
    """
    own = f"http://{environ.get('HTTP_HOST', '')}"
    if not is_loopback(own):
        return "The header Host must be a loopback host, such as 127.0.0.1 or localhost."
    if environ.get("HTTP_ORIGIN", own) != own:
        return "The header Origin must not be another site."
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
        return "The header Sec-Fetch-Site must not be another site."
    return None
