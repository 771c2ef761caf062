"""How one person assumes a grant's role: what the trust policy asks for, from the grant, the command line, and AWS."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cross_account_access.limits import SESSION_NAME
from cross_account_access.principals import TRAITS

from .accounts import DENIED, Aws, asking, code_of
from .stacks import Grant
from .terminal import ExitCode, Failure
from .terms import Identity, Terms, filled, terms_for, terms_of


@dataclass(frozen=True)
class Wishes:
    """What the command line says of the call; None, or nothing, where it leaves it to the grant."""

    mfa_serial: str | None = None
    session_name: str | None = None
    duration: int | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assumption:
    """A call of AssumeRole, but for the MFA code.

    Attributes:
        duration: In seconds; None for an hour.
        tags: Session tags.
    """

    role_arn: str
    external_id: str | None = field(repr=False)
    mfa_serial: str | None
    session_name: str | None
    duration: int | None
    source_identity: str | None
    tags: Mapping[str, str]
    transitive_tag_keys: tuple[str, ...]

    def arguments(self) -> dict[str, Any]:
        """What goes with the role's ARN, by the names of the API and in the form that the AWS CLI's cache knows.

        Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        """
        given = {
            "RoleSessionName": self.session_name,
            "ExternalId": self.external_id,
            "SerialNumber": self.mfa_serial,
            "DurationSeconds": self.duration,
            "SourceIdentity": self.source_identity,
            "Tags": [{"Key": key, "Value": text} for key, text in sorted(self.tags.items())] or None,
            "TransitiveTagKeys": list(self.transitive_tag_keys) or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def profile(self, source_profile: str) -> dict[str, str]:
        """The keys of a profile of the AWS CLI.

        Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
        """
        keys = {
            "role_arn": self.role_arn,
            "source_profile": source_profile,
            "external_id": self.external_id,
            "mfa_serial": self.mfa_serial,
            "role_session_name": self.session_name,
            "duration_seconds": None if self.duration is None else str(self.duration),
        }
        return {key: text for key, text in keys.items() if text is not None}


class Person:
    """Whoever calls, by their credentials; AWS is asked once, and only for what must be known."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    @cached_property
    def identity(self) -> Identity:
        """Who it is.

        Raises:
            Failure: If AWS can't be asked.
        """
        with asking("who the caller is"):
            told = self.aws.sts().get_caller_identity()
        return Identity(told["Arn"], told["UserId"])

    @cached_property
    def temporary(self) -> bool:
        """Whether the credentials are temporary, so that they may carry MFA already."""
        with asking("who the caller is"):
            credentials = self.aws.session().get_credentials()
            return bool(credentials and credentials.get_frozen_credentials().token)

    @cached_property
    def mfa_serial(self) -> str:
        """The user's MFA device, if there is one that shows codes.

        Raises:
            Failure: If there isn't exactly one, or the credentials may not tell.
        """
        by_hand = "Give --mfa-serial ARN, as the console shows it at your user's security credentials."
        client = self.aws.iam()
        with asking("which MFA device the caller has"):
            try:
                pages = client.get_paginator("list_mfa_devices").paginate()
                found = [device["SerialNumber"] for page in pages for device in page["MFADevices"]]
            except client.exceptions.ClientError as error:
                if code_of(error) not in DENIED:
                    raise
                told = f"{self.identity.arn} may not ask which MFA device it has (iam:ListMFADevices)"
                raise Failure(told, remedy=by_hand) from None
        # A security key shows no codes, and the API takes nothing else.
        showing = [serial for serial in found if ":u2f/" not in serial]
        if len(showing) == 1:
            return showing[0]
        if showing:
            told = f"{self.identity.arn} has {len(showing)} MFA devices: {', '.join(showing)}"
            raise Failure(told, ExitCode.WRONG_INPUT, remedy="Say which: --mfa-serial ARN.")
        why = "only security keys, which show no codes" if found else "no MFA device"
        remedy = "Register an authenticator app in the console, at your user's security credentials."
        raise Failure(f"the grant requires MFA, and {self.identity.arn} has {why}", ExitCode.NO, remedy=remedy)


def settle(grant: Grant, person: Person, wishes: Wishes, *, may_carry_mfa: bool) -> Assumption:
    """How somebody assumes a grant's role.

    Args:
        grant: The grant.
        person: Who.
        wishes: What the command line says.
        may_carry_mfa: Whether temporary credentials of a user are taken as signed in with MFA.

    Raises:
        Failure: If the trust policy asks for what isn't given and can't be told.
    """
    terms = asked_of(grant, person)
    return Assumption(
        role_arn=grant.documents.role.arn,
        external_id=_external_id(grant, terms),
        mfa_serial=wishes.mfa_serial or (_mfa_serial(grant, person, may_carry_mfa) if terms.mfa else None),
        session_name=wishes.session_name or _session_name(grant, terms, person),
        duration=wishes.duration or _duration(grant, person),
        source_identity=wishes.source_identity or _source_identity(grant, terms, person),
        tags=_tags(grant, terms, person, wishes.tags),
        transitive_tag_keys=terms.transitive_tag_keys,
    )


def asked_of(grant: Grant, person: Person) -> Terms:
    """What the trust policy asks of the person."""
    every = terms_of(grant.documents)
    if len(every) == 1:
        return every[0]
    # Of a caller that the documents don't name, AWS has the last word: they may be older than what stands.
    return terms_for(grant.documents, person.identity) or every[0]


def _external_id(grant: Grant, terms: Terms) -> str | None:
    """The grant's own, beside which the one before may still be accepted."""
    current = re.search(r"^external_id = (\S+)$", str(grant.outputs.get("cliProfile") or ""), re.MULTILINE)
    if current and current[1] in terms.external_ids:
        return current[1]
    return terms.external_ids[0] if terms.external_ids else None


def _mfa_serial(grant: Grant, person: Person, may_carry_mfa: bool) -> str | None:
    if person.identity.user is None:
        told = f"grant {grant.name} requires MFA, and {person.identity.arn}, a role's session, can't carry it"
        raise Failure(told, ExitCode.NO, remedy="Use the credentials of a user, or a grant without MFA.")
    return None if may_carry_mfa and person.temporary else person.mfa_serial


def _session_name(grant: Grant, terms: Terms, person: Person) -> str | None:
    if not terms.session_names:
        return None
    role = grant.documents.role.name
    label = role if len(role) >= SESSION_NAME.least else f"{role}-session"
    return _fitting("session name", "--session-name", grant, terms.session_names, person, instead=label)


def _source_identity(grant: Grant, terms: Terms, person: Person) -> str | None:
    if not terms.source_identities:
        return None
    return _fitting("source identity", "--source-identity", grant, terms.source_identities, person, instead=None)


def _fitting(
    what: str, option: str, grant: Grant, patterns: tuple[str, ...], person: Person, *, instead: str | None
) -> str:
    user = person.identity.user if any("${" in pattern for pattern in patterns) else None
    for pattern in patterns:
        if text := filled(pattern, user=user, instead=instead):
            return text
    told = f"grant {grant.name} requires a {what} like {' or '.join(patterns)}"
    raise Failure(told, ExitCode.WRONG_INPUT, remedy=f"Give {option} TEXT.")


def _tags(grant: Grant, terms: Terms, person: Person, given: Mapping[str, str]) -> dict[str, str]:
    tags = dict(given)
    for key, values in terms.session_tags.items():
        if key.lower() in {one.lower() for one in given}:
            continue
        user = person.identity.user if any("${" in text for text in values) else None
        text = filled(values[0], user=user, instead=None) if len(values) == 1 else None
        if text is None:
            told = f"grant {grant.name} requires the session tag {key}, one of {', '.join(values)}"
            raise Failure(told, ExitCode.WRONG_INPUT, remedy=f"Give --tag {key}=VALUE.")
        tags[key] = text
    return tags


def _duration(grant: Grant, person: Person) -> int | None:
    """The role's own, but for a role's session, which gets an hour at most (role chaining)."""
    longest = grant.documents.role.max_session_duration
    chained = {TRAITS[half.kind].chained for half in grant.documents.principals}
    if longest is None or chained == {"yes"}:
        return None
    return longest if chained == {"no"} or person.identity.user is not None else None
