"""The command `revoke`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from cross_account_access.cli.options import grant_argument
from cross_account_access.cli.stacks import (
    DeployedGrant,
    StackSource,
    add_stack_options,
    list_grant_names,
    list_labels,
    load_grants,
    select_grants,
)
from cross_account_access.cli.terminal import Command, ExitCode, Failure, InputError, echo, emit
from cross_account_access.errors import Refusal
from cross_account_access.grants.condition_values import check_time
from cross_account_access.grants.generated_policies import (
    REVOKES_SESSIONS,
    find_issued_after,
    format_time,
)
from cross_account_access.text_format import join_words

from .setting_place import SettingPlace, find_place


@click.command(cls=Command)
@grant_argument
@add_stack_options
@click.option(
    "--at", metavar="ISO8601", help="Before when the sessions were issued; now by default."
)
def revoke(*, name: str, where: StackSource, at: str | None, as_json: bool) -> int:
    """Say how to end the sessions of a grant's role.

    A session lives on until it expires, whatever happens to the trust policy. This prints the
    setting that denies everything to the sessions issued before now, or before --at, and the
    commands that set and deploy it. AWS is never called, and nothing is changed.

    \b
    Examples:
      cross-account-access revoke deploy --stack production
      cross-account-access revoke deploy --stack production --at 2026-11-27T10:00:00Z
    """  # noqa: D301 - \b is click's
    grants = _select_roles(load_grants(where), name)
    plan = _Revocation.plan(grants, name, at)
    if as_json:
        emit(plan.as_dict())
    else:
        echo("\n".join(plan.describe()))
    return ExitCode.DONE


def _select_roles(grants: Sequence[DeployedGrant], name: str) -> list[DeployedGrant]:
    """Select the roles of the grant: a setting of it is one for all its destinations."""
    chosen = select_grants(grants, name)
    if not chosen:
        raise InputError(f"there is no grant {name}", list_grant_names(grants))
    names = {(grant.stack, grant.documents.grant) for grant in chosen}
    if len({grant for _, grant in names}) > 1 or (not _is_many(chosen[0]) and len(chosen) > 1):
        listed = list_labels([f"{grant.name} of {grant.stack}" for grant in chosen])
        raise InputError(f"{name} must name one grant, and names {listed}", "Pass one stack.")
    grant = chosen[0].documents.grant
    roles = [one for one in grants if _is_many(one) and one.documents.grant == grant]
    made = [one for one in roles or chosen if _makes_role(one)]
    if not made:
        documents = chosen[0].documents
        raise Failure(
            f"the stack doesn't make the role of grant {name}, {documents.role.arn}",
            ExitCode.NO,
            remedy="Pass the stack that makes it, or ask the owner of account "
            f"{documents.destination_account_id} to choose “Revoke active sessions” for the role "
            "in the IAM console.",
        )
    return made


def _is_many(grant: DeployedGrant) -> bool:
    return grant.documents.account is not None


def _makes_role(grant: DeployedGrant) -> bool:
    return grant.documents.makes_part_of(grant.documents.destination_account_id)


@dataclass(frozen=True)
class _Revocation:
    """What ends the sessions of a grant's roles.

    Attributes:
        grants: The grant, in each of its destinations.
        name: What the command line calls it.
        moment: Sessions issued before this time are ended.
        current: Those that are ended already: issued before this time; None for none.
        places: Where to set it: one place for each stack.
    """

    grants: Sequence[DeployedGrant]
    name: str
    moment: str
    current: str | None
    places: Sequence[SettingPlace]

    @classmethod
    def plan(cls, grants: Sequence[DeployedGrant], name: str, at: str | None) -> "_Revocation":
        """Plan it.

        Raises:
            InputError: If the time is none, or earlier than the one that the grant has.
        """
        found = [find_issued_after(grant.documents.role.inline_policies) for grant in grants]
        current = max(filter(None, found), default=None)
        # This second's sessions are ended too.
        moment = format_time(datetime.now(UTC) + timedelta(seconds=1))
        if at is not None:
            moment = _check_moment(at, current)
        elif current:
            moment = max(moment, current)
        parts = [part for grant in grants for part in (grant.parts or (grant,))]
        places = dict.fromkeys(find_place(part) for part in parts if _makes_role(part))
        return cls(grants, name, moment, current, list(places))

    @property
    def has_it(self) -> bool:
        """Whether the grant has that time already."""
        return self.moment == self.current

    def describe(self) -> Iterator[str]:
        """Describe it in lines."""
        if self.has_it:
            yield f"Grant {self.name} ends sessions issued before {self.moment} already."
            return
        roles = [grant.documents.role for grant in self.grants]
        grant = self.grants[0].documents.grant
        yield f"Grant {grant}: this ends the sessions issued before {self.moment} of"
        yield from (f"  {role.arn}" for role in roles)
        if self.name != grant and len(roles) > 1:
            yield f"The setting is the grant's, not only that of {self.name}."
        yield "Once it is deployed, AWS denies them everything. Who has such a session must assume"
        yield f"the role again, and may at once: {join_words(self._principals, 'and')}."
        if any(role.self_assuming for role in roles):
            yield "The role may assume itself: sessions that did so before are ended too, and can't"
            yield "do so again."
        yield "Sessions of other roles that were assumed with them go on, and so do sessions issued"
        yield f"from {self.moment} on. Credentials in the AWS CLI's cache (~/.aws/cli/cache) are"
        yield "used until they expire: delete them there."
        if self.moment > format_time(datetime.now(UTC) + timedelta(seconds=1)):
            yield f"{self.moment} is in the future: until then every session is denied, new ones"
            yield "too."
        yield ""
        yield "Nothing is changed yet. To do it:"
        for place in self.places:
            yield f"  {place.build_command(self.moment) or place.describe_edit(self.moment)}"
            yield f"  {place.deploy_command}"

    @property
    def _principals(self) -> list[str]:
        halves = [half for grant in self.grants for half in grant.documents.principals]
        names = dict.fromkeys(f"{half.kind.replace('_', ' ')} {half.name}" for half in halves)
        return list(names)

    def as_dict(self) -> dict[str, Any]:
        """The same for `--json`."""
        return {
            "grant": self.grants[0].documents.grant,
            "sessionsIssuedAfter": self.moment,
            "current": self.current,
            "policy": REVOKES_SESSIONS,
            "roles": [grant.documents.role.arn for grant in self.grants],
            "principals": self._principals,
            "selfAssuming": any(grant.documents.role.self_assuming for grant in self.grants),
            "steps": []
            if self.has_it
            else [
                {
                    "in": place.kind,
                    "file": place.file or None,
                    "set": place.build_command(self.moment),
                    "edit": None if place.kind == "config" else place.describe_edit(self.moment),
                    "deploy": place.deploy_command,
                }
                for place in self.places
            ],
        }


def _check_moment(at: str, current: str | None) -> str:
    try:
        moment = check_time(at)
    except Refusal as refusal:
        raise InputError(f"--at {at}: {refusal.rule}", refusal.remedy) from None
    if current and moment < current:
        raise InputError(
            f"--at {at}: must not be before {current}, the time that the grant has",
            "Sessions that are ended now would work again.",
        )
    return moment
