"""Which profiles the AWS CLI's config lacks: what `profile` is to write, before anything is written."""

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session

from cross_account_access.cli import files
from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure
from cross_account_access.cli.trust_requirements import find_requirements

from . import aws_config
from .assumption import asked_of, settle

_SECRET_LINE = re.compile(r"^([+-]\s*external_id\s*[=:]\s*).*", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """What is to become of the config file.

    Attributes:
        file: The file.
        old: What it holds; None if it isn't there.
        new: What it is to hold.
        changes: For each profile whether it is `add`ed, `update`d, or nothing is to do (`none`).
        skipped: Grants that no profile is written for, with the reason.
    """

    file: Path
    old: bytes | None
    new: bytes
    changes: list[tuple[aws_config.Profile, str]]
    skipped: list[tuple[str, str]]

    @property
    def needed(self) -> bool:
        """Whether there is anything to write."""
        return self.new != (self.old or b"")

    def diff(self) -> list[str]:
        """The changed lines alone, for those around them may hold secrets; without any external ID."""
        old, new = (_text(content or b"").splitlines() for content in (self.old, self.new))
        lines = difflib.unified_diff(old, new, str(self.file), str(self.file), n=0, lineterm="")
        return [
            _SECRET_LINE.sub(r"\g<1>***", line).encode("utf-8", "replace").decode()
            for line in lines
        ]

    def told(self, backup: Path | None, *, written: bool) -> dict[str, Any]:
        """The same for `--json`.

        Args:
            backup: Where the old content is.
            written: Whether the file was written.
        """
        return {
            "file": str(self.file),
            "profiles": [
                {"profile": one.name, "grant": one.grant, "change": change}
                for one, change in self.changes
            ],
            "skipped": [{"grant": grant, "why": why} for grant, why in self.skipped],
            "written": written,
            "backup": str(backup) if backup else None,
        }


@dataclass(frozen=True)
class Wanted:
    """What the command line says.

    Attributes:
        source_profile: The user's own profile; None for what a profile has already, or `default`.
        wishes: How the role is assumed.
        prefix: What a profile's name begins with.
        endpoint: An emulator's address.
    """

    source_profile: str | None
    wishes: CallOverrides
    prefix: str
    endpoint: str | None


def plan(grants: Sequence[DeployedGrant], wanted: Wanted, *, by_name: bool) -> Plan:
    """Plan the profiles of grants.

    Args:
        grants: The grants.
        wanted: What the command line says of all of them.
        by_name: Whether the grants were named; otherwise those are left out that don't let the user in.

    Raises:
        Failure: If a profile can't be written.
    """
    return _Planner(wanted).plan(grants, by_name=by_name)


class _Planner:
    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        session = botocore.session.Session()
        self._file = _path(session, "config_file")
        self._credentials = _path(session, "credentials_file")
        self._old = files.read_file(self._file)
        self._text = _text(self._old or b"")
        theirs = _sections(self._credentials, _text(files.read_file(self._credentials) or b""))
        ours = _sections(self._file, self._text)
        self._in_credentials = {name.removeprefix("profile ") for name in theirs}
        self._known = self._in_credentials | aws_config.profile_names(ours)
        self._callers: dict[str, CallerSession] = {}

    def plan(self, grants: Sequence[DeployedGrant], *, by_name: bool) -> Plan:
        changes: list[tuple[aws_config.Profile, str]] = []
        skipped: list[tuple[str, str]] = []
        text = self._text
        for grant in grants:
            try:
                profile = self._profile(grant, by_name=by_name)
            except Failure as failure:
                if by_name or failure.code is not ExitCode.NO:
                    raise
                skipped.append((grant.name, failure.message))
                continue
            if profile.name in {one.name for one, _ in changes}:
                told = f"two grants would have the profile {profile.name}: their roles have the same name"
                raise Failure(
                    told,
                    ExitCode.WRONG_INPUT,
                    remedy="Write each by itself, with a --prefix of its own.",
                )
            before, text = text, aws_config.with_profile(text, profile)
            change = (
                "none"
                if text == before
                else "update"
                if aws_config.kept(before, profile)
                else "add"
            )
            changes.append((profile, change))
        if not changes:
            told = "\n".join(
                [
                    "none of the grants can be used by a profile",
                    *(f"{n}: {why}" for n, why in skipped),
                ]
            )
            raise Failure(
                told,
                ExitCode.NO,
                remedy="Give --source-profile NAME, if other credentials are meant.",
            )
        return Plan(
            self._file, self._old, text.encode("utf-8", "surrogateescape"), changes, skipped
        )

    def _profile(self, grant: DeployedGrant, *, by_name: bool) -> aws_config.Profile:
        stack = "stdin" if grant.stack == "-" else Path(grant.stack).name
        name = f"{self._wanted.prefix}{grant.documents.role.name}"
        empty = aws_config.Profile(name, grant.name, stack, {"role_arn": grant.documents.role.arn})
        kept = self._kept(empty)
        source = self._wanted.source_profile or kept.get("source_profile") or "default"
        caller = self._caller(source)
        if not by_name and find_requirements(grant.documents, caller.identity) is None:
            raise Failure(f"its trust policy doesn't let {caller.identity.arn} in", ExitCode.NO)
        terms = asked_of(grant, caller)
        for asked, what in (
            (terms.source_identities, "a source identity"),
            (terms.session_tags, "session tags"),
        ):
            if asked:
                told = (
                    f"grant {grant.name} requires {what}, which a profile of the AWS CLI can't give"
                )
                raise Failure(
                    told,
                    ExitCode.NO,
                    remedy=f"`cross-account-access exec {grant.name} -- COMMAND` can.",
                )
        serial, session_name = self._wanted.wishes.mfa_serial, self._wanted.wishes.session_name
        # What was said when the profile was written needn't be said again.
        if terms.mfa and kept.get("source_profile") == source:
            serial = serial or kept.get("mfa_serial")
        if terms.accepts_session_name(kept.get("role_session_name", "")):
            session_name = session_name or kept.get("role_session_name")
        call = settle(grant, caller, CallOverrides(serial, session_name), may_carry_mfa=False)
        return aws_config.Profile(name, grant.name, stack, _keys(call, source))

    def _caller(self, source: str) -> CallerSession:
        if source not in self._known:
            told = f"there is no AWS profile {source}, whose credentials would assume the role"
            raise Failure(
                told,
                ExitCode.WRONG_INPUT,
                remedy="Give --source-profile NAME with your own profile.",
            )
        return self._callers.setdefault(
            source, CallerSession(AwsAccess(profile=source, endpoint=self._wanted.endpoint))
        )

    def _kept(self, profile: aws_config.Profile) -> dict[str, str]:
        if profile.name == "default":
            why = "is the one of all commands without --profile"
        elif profile.name in self._in_credentials:
            why = f"stands in {self._credentials}"
        else:
            try:
                return aws_config.kept(self._text, profile)
            except aws_config.NotOursError as error:
                why = f"{error}; it stands in {self._file}"
        told = f"the profile {profile.name} {why}"
        raise Failure(
            told,
            ExitCode.WRONG_INPUT,
            remedy="Give --prefix TEXT, so that the new one has another name.",
        )


def _keys(call: AssumeRoleCall, source_profile: str) -> dict[str, str]:
    """A call as a profile's keys.

    Source: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
    """
    keys = {
        "role_arn": call.role_arn,
        "source_profile": source_profile,
        "external_id": call.external_id,
        "mfa_serial": call.mfa_serial,
        "role_session_name": call.session_name,
        "duration_seconds": None if call.duration is None else str(call.duration),
    }
    return {key: text for key, text in keys.items() if text is not None}


def _path(session: Any, variable: str) -> Path:
    """Where botocore has a file, as it reads the name."""
    return Path(os.path.expandvars(session.get_config_variable(variable))).expanduser()


def _sections(path: Path, text: str) -> set[str]:
    try:
        return set(aws_config.sections(text))
    except ValueError as error:
        told = f"the AWS CLI doesn't understand {path}: {error}"
        raise Failure(
            told, ExitCode.WRONG_INPUT, remedy="Mend the file; nothing was written."
        ) from None


def _text(content: bytes) -> str:
    """Text that encodes to the same bytes again, whatever they are."""
    return content.decode("utf-8", "surrogateescape")
