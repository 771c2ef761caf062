"""The fleet of examples/fleet on emulated accounts."""

from __future__ import annotations

from typing import Any

import yaml

from examples.__main__ import FLEET


def emulate_accounts(endpoint: str) -> dict[str, Any]:
    """The example's access file, with each account's administrator instead of its deployer."""
    access: dict[str, Any] = yaml.safe_load((FLEET / "access.yaml").read_text(encoding="utf-8"))
    for account in access["accounts"].values():
        del account["assumeRole"]
        account |= {"accessKey": account["accountId"], "secretKey": "s", "endpoint": endpoint}
    return access
