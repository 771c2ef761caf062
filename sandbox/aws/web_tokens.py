"""Tokens of web identities: JSON Web Tokens of OpenID Connect providers, read as STS reads them.

Their signatures can't be verified: the keys for that are the provider's, and nothing here calls any
other address. A token for a test may be unsigned, with the algorithm `none`.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from cross_account_access.errors import Refusal
from cross_account_access.iam.json_text import parse_json
from sandbox.aws import tag_checks
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

UNSIGNED = "none"
_ALGORITHMS = {UNSIGNED, "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}
_NO_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access "
_NO_JWT += "Token)"

TAGS = "https://aws.amazon.com/tags"
SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"

# The claims that become condition keys: everybody's, with those that the session keeps, and those
# of the providers that AWS knows more of.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
_KEPT_CLAIMS = ("amr", "aud", "sub")
_MORE_CLAIMS = {
    "token.actions.githubusercontent.com": (
        *("actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref"),
        *("repository", "repository_id", "workflow"),
    )
}


@dataclass(frozen=True)
class WebToken:
    """A token's claims, those that STS needs of every token checked."""

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    expires: int
    claims: Mapping[str, Any]

    @property
    def provider(self) -> str:
        """The issuer as ARNs and condition keys name it."""
        return self.issuer.removeprefix("https://")

    @property
    def source_identity(self) -> str | None:
        """The source identity that the session is to have."""
        name: str | None = self.claims.get(SOURCE_IDENTITY)
        return name

    def build_keys(self, audience: str) -> dict[str, str | tuple[str, ...]]:
        """The condition keys of the claims; `audience`: the one that the provider in IAM lists."""
        return self._name_keys((*_KEPT_CLAIMS, *_MORE_CLAIMS.get(self.provider, ())), audience)

    def build_session_keys(self, audience: str) -> dict[str, str | tuple[str, ...]]:
        """Those of them that calls by the session's credentials have too."""
        return self._name_keys(_KEPT_CLAIMS, audience)

    def _name_keys(self, names: tuple[str, ...], audience: str) -> dict[str, Any]:
        claims = {**self.claims, "aud": audience}
        return {
            f"{self.provider}:{name}": tuple(value) if isinstance(value, list) else value
            for name in names
            if isinstance(value := claims.get(name), str) or _is_list_of_strings(value)
        }

    def read_tags(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """The session tags, and which of them are transitive.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp

        Raises:
            AwsError: InvalidIdentityToken for another form, or several values of a tag.
        """
        nested = self.claims.get(TAGS, {})
        if not isinstance(nested, dict):
            _refuse(f"The claim {TAGS} must be an object")
        start = f"{TAGS}/principal_tags/"
        flat = {k.removeprefix(start): v for k, v in self.claims.items() if k.startswith(start)}
        values = {**_get_object(nested, "principal_tags"), **flat}
        transitive = self.claims.get(f"{TAGS}/transitive_tag_keys", [])
        transitive = nested.get("transitive_tag_keys", transitive)
        if not _is_list_of_strings(transitive):
            _refuse("transitive_tag_keys must be a list of tag keys")
        tags = [{"Key": key, "Value": _read_value(key, value)} for key, value in values.items()]
        return tag_checks.read_tags(tags, "InvalidParameterValue"), tuple(transitive)


def read_token(text: str) -> WebToken:
    """Read a token; whether it has expired, and whom it is for, is the caller's to check.

    Raises:
        AwsError: InvalidIdentityToken.
    """
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims and signature
        _refuse(_NO_JWT)
    header, claims = _decode(parts[0]), _decode(parts[1])
    if header.get("alg") not in _ALGORITHMS:
        _refuse("The ID Token must be signed with RS256, RS384, RS512, ES256, ES384 or ES512")
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    for name in ("iss", "sub", SOURCE_IDENTITY):
        if not isinstance(claims.get(name, "" if name == SOURCE_IDENTITY else None), str):
            _refuse(f"The ID Token must have the claim {name}, a string")
    if not _is_list_of_strings(audiences) or not audiences:
        _refuse("The ID Token must have the claim aud, a string or several")
    expires = claims.get("exp")
    if not isinstance(expires, int) or isinstance(expires, bool):
        _refuse("The ID Token must have the claim exp, an integer")
    return WebToken(claims["iss"], claims["sub"], tuple(audiences), expires, claims)


def _decode(part: str) -> dict[str, Any]:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        value = parse_json(raw.decode("utf-8"))
    except (Refusal, ValueError):
        _refuse(_NO_JWT)
    return value if isinstance(value, dict) else _refuse(_NO_JWT)


def _get_object(claims: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = claims.get(name, {})
    return value if isinstance(value, dict) else _refuse(f"{name} must be an object")


def _read_value(key: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return _refuse(f"The session tag {key} must have one value")


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _refuse(message: str) -> NoReturn:
    raise AwsError("InvalidIdentityToken", message)
