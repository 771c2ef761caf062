"""How an account is reached: its region and the credentials for it."""

import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import model_validator

from cross_account_access.errors import FieldPath, Key, Refusal
from cross_account_access.grants.model import Model, plain
from cross_account_access.grants.roles import check_role_arn
from cross_account_access.iam import arns, limits
from cross_account_access.iam.partitions import find_partition

REGION = limits.StringRule(
    "a region",
    4,
    32,
    r"[a-z]{2,}(-[a-z]+)+-\d+",
    "small letters and hyphens, a number at the end, such as us-east-1",
)
PROFILE = limits.StringRule("a profile", 1, 256, r"[^\r\n\]]*", "all except line ends and ]")
ACCESS_KEY = limits.StringRule("an access key ID", 12, 128, r"\w*", "letters and digits")
SECRET_KEY = limits.StringRule("a secret key or token", 1, 16384, r"\S*", "all except white space")


def _check_access_key(value: object) -> str:
    """Check an access key ID, which may be an account's ID and so a number on an emulator."""
    is_account = isinstance(value, int) and limits.is_account_id(str(value))
    return str(value) if is_account else ACCESS_KEY(value)


def _check_endpoint(value: object) -> str:
    rule, code = "must be a URL such as http://127.0.0.1:4577", "invalid-endpoint"
    if not isinstance(value, str):
        raise Refusal(rule, code=code)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if "@" in value:
        raise Refusal(
            rule,
            code=code,
            remedy="Leave user name and password out",
            value=re.sub("//.*@", "//[secret]@", value),
        )
    if not usable or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise Refusal(rule, code=code)
    return value.rstrip("/")


class AssumedRole(Model):
    """A role that is assumed with the credentials first."""

    role_arn: Annotated[str, plain(check_role_arn)]
    external_id: Annotated[str | None, plain(limits.EXTERNAL_ID)] = None
    session_name: Annotated[str | None, plain(limits.SESSION_NAME)] = None


class Connection(Model):
    """The region of an account and the credentials for it."""

    account_id: Annotated[str | None, plain(limits.check_account_id)] = None
    region: Annotated[str | None, plain(REGION)] = None
    profile: Annotated[str | None, plain(PROFILE)] = None
    access_key: Annotated[str | None, plain(_check_access_key)] = None
    secret_key: Annotated[str | None, plain(SECRET_KEY)] = None
    token: Annotated[str | None, plain(SECRET_KEY)] = None
    assume_role: AssumedRole | None = None
    endpoint: Annotated[str | None, plain(_check_endpoint)] = None

    @model_validator(mode="after")
    def _check_credentials(self) -> "Connection":
        if self.profile and self.access_key:
            raise Refusal(
                "credentials must be either a profile or an access key",
                code="profile-and-access-key",
                remedy="Remove one of them",
                where=(Key("profile"),),
                value=self.profile,
            )
        for key, needed in (
            ("access_key", "secret_key"),
            ("secret_key", "access_key"),
            ("token", "access_key"),
        ):
            if getattr(self, key) and not getattr(self, needed):
                raise Refusal(
                    "an access key ID must have its secret key beside it, and a token both",
                    code="incomplete-access-key",
                    remedy="Add the key",
                    where=(Key(needed),),
                )
        account, source = self._find_account()
        if account and self.account_id and self.account_id != account:
            raise Refusal(
                f"must be the account of {source}",
                code="credentials-of-other-account",
                where=(Key("account_id"),),
                value=self.account_id,
                remedy=f"That is {account}: correct the ID, or use other credentials",
            )
        return self

    def list_partitions(self) -> Iterator[tuple[FieldPath, str, str]]:
        """List the partitions that region and role tell: the key, its value, the partition."""
        if self.region:
            yield (Key("region"),), self.region, find_partition(self.region)
        role = arns.parse_arn(self.assume_role.role_arn) if self.assume_role else None
        if role:
            yield (Key("assume_role"), Key("role_arn")), str(role), role.partition

    def _find_account(self) -> tuple[str | None, str]:
        """Find the account that the credentials themselves name, and which of them does."""
        if self.assume_role:
            role = arns.parse_arn(self.assume_role.role_arn)
            return role.account if role else None, "the role to assume"
        if self.access_key and limits.is_account_id(self.access_key):
            return self.access_key, "the emulator's access key"
        return None, ""
