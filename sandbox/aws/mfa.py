"""One-time codes of virtual MFA devices: RFC 6238 as AWS uses it (SHA-1, 30 s, 6 digits)."""

from __future__ import annotations

import base64
import hmac
import struct
import time

STEP = 30
"""Seconds for which one code is shown."""

_DIGITS = 6


def totp(seed: str, at: float | None = None) -> str:
    """The code that a device with this seed shows.

    Args:
        seed: the device's secret in base32, as `CreateVirtualMFADevice` returns it in
            `Base32StringSeed` (boto3 gives bytes: decode them).
        at: the time as seconds since the epoch; now, if left out.

    Raises:
        ValueError: `seed` isn't base32.
    """
    return _compute_code(_decode_seed(seed), int((time.time() if at is None else at) // STEP))


def accepts(seed: str, code: str, at: float) -> bool:
    """Whether `code` is right at that time, or one step before or after it."""
    return _find_step(seed, code, at) is not None


def accepts_pair(seed: str, first: str, second: str, at: float) -> bool:
    """Whether these are two consecutive codes, which is what `EnableMFADevice` asks for."""
    step = _find_step(seed, first, at)
    return step is not None and hmac.compare_digest(
        _compute_code(_decode_seed(seed), step + 1), second
    )


def _find_step(seed: str, code: str, at: float) -> int | None:
    secret, now = _decode_seed(seed), int(at // STEP)
    for step in (now, now - 1, now + 1):
        if hmac.compare_digest(_compute_code(secret, step), code):
            return step
    return None


def _decode_seed(seed: str) -> bytes:
    letters = seed.strip().replace(" ", "").upper()
    return base64.b32decode(letters + "=" * (-len(letters) % 8))


def _compute_code(secret: bytes, step: int) -> str:
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    number = struct.unpack_from(">I", digest, offset)[0] & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"
