"""Tokens of identity providers, as GitHub's are but unsigned, for the emulated STS."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def build_token(subject: str, *, algorithm: str = "none", **claims: Any) -> str:
    """A token of GitHub's for AWS that is valid for an hour, unless claims say otherwise."""
    now = int(time.time())
    own = {"iss": GITHUB, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600}
    header = {"alg": algorithm, "typ": "JWT"}
    given = {name: value for name, value in {**own, **claims}.items() if value is not None}
    return f"{encode(json.dumps(header))}.{encode(json.dumps(given))}."


def encode(text: str) -> str:
    """Text as it stands in a token."""
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
