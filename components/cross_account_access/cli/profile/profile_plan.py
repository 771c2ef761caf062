"""Plans the AWS CLI profiles that `profile` writes, before anything is written."""

import difflib
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.session
from botocore.configloader import build_profile_map

from cross_account_access.cli import files
from cross_account_access.cli.assume_role_call import AssumeRoleCall, CallOverrides
from cross_account_access.cli.aws_access import AwsAccess, get_botocore_session
from cross_account_access.cli.call_planning import get_requirements, name_session, plan_call
from cross_account_access.cli.caller import CallerSession
from cross_account_access.cli.endpoints import find_place
from cross_account_access.cli.stacks import DeployedGrant
from cross_account_access.cli.terminal import ExitCode, Failure, InputError
from cross_account_access.cli.trust_requirements import TrustRequirements, find_requirements
from cross_account_access.errors import Refusal, escape_invisible
from cross_account_access.iam.limits import SESSION_NAME

from .aws_config import (
    PROFILE_NAME,
    NotOursError,
    Profile,
    find_profile_names,
    parse_sections,
    read_profile,
)
from .config_text import add_to_config, check_config

_SECRET_LINE = re.compile(r"^([+-]\s*external_id\s*[=:]\s*).*", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class ProfilePlan:
    """The planned change of the config file.

    Attributes:
        file: The file.
        old: Its content; None if it doesn't exist.
        new: Its new content.
        changes: Each profile with `add`, `update` or `none`.
        skipped: Grants without a profile, each with the reason.
    """

    file: Path
    old: bytes | None
    new: bytes
    changes: list[tuple[Profile, str]]
    skipped: list[tuple[str, str]]

    @property
    def needed(self) -> bool:
        """Whether there is anything to write."""
        return self.new != (self.old or b"")

    def diff(self) -> list[str]:
        """Compare old and new without context, which may hold secrets, and without external IDs."""
        old, new = (_decode(content or b"").splitlines() for content in (self.old, self.new))
        lines = difflib.unified_diff(old, new, str(self.file), str(self.file), n=0, lineterm="")
        return [escape_invisible(_SECRET_LINE.sub(r"\g<1>***", line)) for line in lines]

    def render_json(self, backup: Path | None, *, written: bool) -> dict[str, Any]:
        """Render the plan for `--json`.

        Args:
            backup: Where the old content is kept.
            written: Whether the file was written.
        """
        return {
            "file": str(self.file),
            "profiles": [
                {"profile": profile.name, "grant": profile.grant, "change": change}
                for profile, change in self.changes
            ],
            "skipped": [{"grant": grant, "why": reason} for grant, reason in self.skipped],
            "written": written,
            "backup": str(backup) if backup else None,
        }


@dataclass(frozen=True)
class ProfileOptions:
    """The options of the command line.

    Attributes:
        source_profile: The user's own profile; None for the one in the config, or `default`.
        overrides: How the role is assumed.
        prefix: The beginning of each profile's name.
        region: The profiles' region; None for the one in the config.
        endpoint: An emulator's URL; None for the one in the config.
    """

    source_profile: str | None
    overrides: CallOverrides
    prefix: str
    region: str | None
    endpoint: str | None


def plan_profiles(
    grants: Sequence[DeployedGrant], options: ProfileOptions, *, by_name: bool
) -> ProfilePlan:
    """Plan the profiles of grants.

    Args:
        grants: The grants.
        options: The options of the command line.
        by_name: Whether the user named the grants; otherwise unusable grants are skipped.

    Raises:
        Failure: If a profile can't be written.
    """
    return _Planner(options).plan(grants, by_name=by_name)


class _Planner:
    def __init__(self, options: ProfileOptions) -> None:
        self._options = options
        session = botocore.session.Session()
        file = _find_file(session, "config_file")
        if file is None:
            message = "AWS_CONFIG_FILE is empty, so that the AWS CLI reads no config file"
            raise InputError(message, "Unset it, or set it to a file.")
        self._file = file
        files.check_replaceable(file)
        self._credentials = _find_file(session, "credentials_file")
        self._old = files.read_file(self._file)
        self._text = _decode(self._old or b"")
        keys = files.read_file(self._credentials) if self._credentials else None
        sections = _read_sections(self._credentials, _decode(keys or b""))
        self._in_credentials = {name.removeprefix("profile ") for name in sections}
        self._profiles = self._in_credentials | find_profile_names(
            _read_sections(self._file, self._text)
        )
        self._callers: dict[str, CallerSession] = {}

    def plan(self, grants: Sequence[DeployedGrant], *, by_name: bool) -> ProfilePlan:
        changes: list[tuple[Profile, str]] = []
        skipped: list[tuple[str, str]] = []
        text = self._text
        for grant in grants:
            try:
                profile = self._plan_profile(grant, by_name=by_name)
            except Failure as failure:
                if by_name or failure.code is not ExitCode.NO:
                    raise
                skipped.append((grant.name, failure.message))
                continue
            if profile.name in {planned.name for planned, _ in changes}:
                raise _refuse_shared(profile.name, grant)
            before, text = text, add_to_config(text, profile)
            existing = read_profile(before, profile)
            change = "none" if text == before else "update" if existing else "add"
            changes.append((profile, change))
        if not changes:
            raise _refuse_all(skipped)
        check_config(self._text, text, [profile for profile, _ in changes])
        new = text.encode("utf-8", "surrogateescape")
        return ProfilePlan(self._file, self._old, new, changes, skipped)

    def _plan_profile(self, grant: DeployedGrant, *, by_name: bool) -> Profile:
        stack = "stdin" if grant.stack == "-" else Path(grant.stack).name
        name = _check_name(f"{self._options.prefix}{grant.documents.usage_label}")
        keys = {"role_arn": grant.documents.role.arn}
        existing = self._read_existing(Profile(name, grant.name, stack, keys))
        source = self._options.source_profile
        if source is None:
            source = existing.get("source_profile") or "default"
        self._check_chain(name, source)
        caller = self._get_caller(source, grant)
        if not by_name and find_requirements(grant.documents, caller.identity) is None:
            raise Failure(f"its trust policy doesn't allow {caller.identity.arn}", ExitCode.NO)
        required = get_requirements(grant, caller)
        _check_expressible(grant, required)
        overrides = self._keep_options(existing, source, caller, required)
        call = plan_call(grant, caller, overrides, may_carry_mfa=False)
        # A role session's name may be another one the next time.
        if call.session_name is None and caller.identity.user is not None:
            call = name_session(call, caller)
        own = get_botocore_session(source).get_scoped_config()
        given = {"region": self._options.region, "endpoint_url": self._options.endpoint}
        kept = find_place(own, given, grant.documents.partition)
        place = {key: text for key, text in kept.items() if given.get(key) or key not in existing}
        return Profile(name, grant.name, stack, _list_keys(call, source) | place)

    def _keep_options(
        self,
        existing: dict[str, str],
        source: str,
        caller: CallerSession,
        required: TrustRequirements,
    ) -> CallOverrides:
        """Keep options that were given for the existing profile, so they needn't be repeated."""
        overrides = self._options.overrides
        serial, name = existing.get("mfa_serial"), existing.get("role_session_name", "")
        if required.mfa and serial and existing.get("source_profile") == source:
            is_user = caller.identity.user is not None
            kept = caller.keep_mfa_serial(serial) if is_user else None
            overrides = replace(overrides, mfa_serial=overrides.mfa_serial or kept)
        with suppress(Refusal):
            if required.accepts_session_name(SESSION_NAME(name)):
                overrides = replace(overrides, session_name=overrides.session_name or name)
        return overrides

    @cached_property
    def _profile_map(self) -> dict[str, Any]:
        profiles: dict[str, Any] = build_profile_map(parse_sections(self._text))["profiles"]
        return profiles

    def _check_chain(self, name: str, source: str) -> None:
        """Check that a profile does not get its credentials from itself, through others or not."""
        profiles = self._profile_map
        chain = [source]
        while (key := profiles.get(chain[-1], {}).get("source_profile")) not in (None, *chain):
            chain.append(key)
        if name in chain:
            raise InputError(
                f"the profile {name} must not get its credentials from itself: "
                f"{' < '.join([name, *chain[: chain.index(name) + 1]])}",
                "Pass --source-profile NAME with your own profile, whose credentials assume the "
                "role.",
            )

    def _get_caller(self, source: str, grant: DeployedGrant) -> CallerSession:
        if source not in self._profiles:
            raise Failure(
                f"there is no AWS profile {source}, whose credentials would assume the role",
                ExitCode.WRONG_INPUT,
                remedy="Pass --source-profile NAME with your own profile.",
            )
        options, partition = self._options, grant.documents.partition
        access = AwsAccess(source, options.region, options.endpoint, partition)
        return self._callers.setdefault(source, CallerSession(access))

    def _read_existing(self, profile: Profile) -> dict[str, str]:
        if profile.name == "default":
            reason = "applies to all commands without --profile"
        elif profile.name in self._in_credentials:
            reason = f"exists in {self._credentials}"
        else:
            try:
                return read_profile(self._text, profile)
            except NotOursError as error:
                reason = f"{error}; it is in {self._file}"
        raise Failure(
            f"the profile {profile.name} {reason}",
            ExitCode.WRONG_INPUT,
            remedy="Pass --prefix TEXT, so that the new profile has another name.",
        )


def _check_expressible(grant: DeployedGrant, required: TrustRequirements) -> None:
    """Check that a profile of the AWS CLI can pass what is required."""
    for values, what in (
        (required.source_identities, "a source identity"),
        (required.session_tags, "session tags"),
    ):
        if values:
            raise Failure(
                f"grant {grant.name} requires {what}, which an AWS CLI profile can't pass",
                ExitCode.NO,
                remedy=f"Use `cross-account-access exec {grant.name} -- COMMAND`.",
            )


def _refuse_shared(name: str, grant: DeployedGrant) -> Failure:
    many = grant.documents.account is not None
    why = "GRANT-ACCOUNT is the same" if many else "their roles have the same name"
    return Failure(
        f"two grants must not share the profile {name}: {why}",
        ExitCode.WRONG_INPUT,
        remedy="Write each one separately, with its own --prefix.",
    )


def _refuse_all(skipped: list[tuple[str, str]]) -> Failure:
    reasons = "; ".join(f"{grant}: {reason}" for grant, reason in skipped)
    return Failure(
        f"no grant can be used through a profile: {reasons}",
        ExitCode.NO,
        remedy="To use other credentials, pass --source-profile NAME.",
    )


def _list_keys(call: AssumeRoleCall, source_profile: str) -> dict[str, str]:
    """List a call's parameters as a profile's keys.

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


def _check_name(name: str) -> str:
    try:
        return PROFILE_NAME(name)
    except Refusal as refusal:
        raise InputError(f"{escape_invisible(name)}: {refusal.rule}") from None


def _find_file(session: Any, variable: str) -> Path | None:
    """Find a file where botocore does; None where its environment variable is empty."""
    name = session.get_config_variable(variable)
    return Path(os.path.expandvars(name)).expanduser() if name else None


def _read_sections(path: Path | None, text: str) -> set[str]:
    try:
        return set(parse_sections(text))
    except ValueError as error:
        raise Failure(
            f"the AWS CLI can't parse {path}: {error}",
            ExitCode.WRONG_INPUT,
            remedy="Correct the file; nothing was written.",
        ) from None


def _decode(content: bytes) -> str:
    """Decode any bytes to text that encodes to the same bytes again."""
    return content.decode("utf-8", "surrogateescape")
