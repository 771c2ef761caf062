"""Access proved: each grant's principals assume the role, and whoever shouldn't is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cross_account_access.config.settings import FleetSettings, Settings
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.principals import PrincipalModel
from sandbox.aws.endpoint import get_partition
from sandbox.deploy.stack import get_account_ids, get_region, list_roles
from sandbox.proof.circumstances import (
    list_allowed,
    list_allowed_tags,
    list_unmet,
    list_unprovable,
    meet_conditions,
)
from sandbox.proof.near_misses import NearMiss
from sandbox.proof.people import People, name_in_iam
from sandbox.proof.person import UNITS, Person
from sandbox.proof.role_attempts import AttemptOutcome, ProofAttempt, RoleAttempts
from sandbox.proof.self_assumption import list_impostors, list_unprovable_of_itself

if TYPE_CHECKING:
    from cross_account_access.grants.grant_set import GrantedRole

_INHERITED_TAGS = 40  # room for those that the call passes
# The kinds of principals that the product gives policies; the sandbox lets the others do anything.
_ATTACHED = ("user", "role", "group", "session")


def prove(
    endpoint: str, settings: Settings, role_arns: Mapping[str, str], people: People
) -> list[ProofAttempt]:
    """Try every role: the grant's principals, others, and each condition unmet.

    Where the proof can't meet a principal's conditions (raw ones, another time), the principal is
    not tried, and that its access works is unproven. Of a grant's roles one is tried with its
    conditions unmet: their trust policies are the same.

    Args:
        endpoint: The emulated accounts.
        settings: The stack's config.
        role_arns: The roles' ARNs by what the roles are called.
        people: Who tries.
    """
    roles = list_roles(settings)
    thorough: dict[str, GrantedRole] = {}
    for role in sorted(roles, key=lambda role: role[1] not in settings.made):
        thorough.setdefault(role[0], role)
    attempts: list[ProofAttempt] = []
    for role in roles:
        proof = _RoleProof(endpoint, settings, role, role_arns[settings.label_role(role)], people)
        attempts += proof.list_attempts(thorough=role in thorough.values())
    return attempts


class _RoleProof(RoleAttempts):
    def list_attempts(self, *, thorough: bool) -> Iterator[ProofAttempt]:
        provable_ones = [
            p for p in self.model.principals if not list_unprovable(self._conditions(p))
        ]
        for principal in provable_ones:
            caller = self._prepare(principal)
            yield self._try(caller, "assumes the role", "allowed", self._met(principal, caller))
            yield from self._list_exclusions(principal)
        yield from self._list_untried(provable_ones)
        lead = (provable_ones or self.model.principals)[0]
        for other, attempt in self._list_others():
            yield self._try(other, attempt, "refused", self._met(lead, other))
        for other in self._list_principals_of_others():
            attempt = "principal of another grant"
            yield self._try(other, attempt, "refused", self._met(lead, other))
        if lead not in provable_ones or not thorough:
            return
        yield from self._allowed_attempts(provable_ones)
        yield from self._unmet_attempts(provable_ones)
        if self.model.role.self_assuming:
            yield from self._list_self_attempts(lead)
        caller = self._prepare(lead)
        met = self._met(lead, caller)
        too_long = met.but(DurationSeconds=self._longest(caller) + 1)
        yield self._try(caller, "session too long", "refused", too_long)
        for namesake in self._list_namesakes():
            attempt = "same name, another account"
            yield self._try(namesake, attempt, "refused", self._met(lead, namesake))
        for near in self._list_near_misses():
            yield self._try(near.person, near.what, "refused", self._met(lead, near.person))
        for elsewhere in self._list_excluded():
            yield elsewhere._try(caller, "excluded account", "refused", met)  # noqa: SLF001 - its own

    def _list_exclusions(self, principal: PrincipalModel) -> Iterator[ProofAttempt]:
        for exclusion in map(str, principal.except_):
            label = self._label_principal(principal)
            if person := self.people.excluded.get((label, exclusion)):
                self.people.prepare(self.model, principal, person)
                attempt = f"excluded from the {str(principal.kind).replace('_', ' ')}"
                yield self._try(person, attempt, "refused", self._met(principal, person))

    def _list_self_attempts(self, lead: PrincipalModel) -> Iterator[ProofAttempt]:
        """The role assumes itself, and others who may assume every role try to pass for it."""
        own = self.model.conditions and self.model.conditions.without_mfa()
        attempt = "assumes itself again"
        if keys := [*list_unprovable(own), *list_unprovable_of_itself(self.model)]:
            reason = f"unproven: the sandbox can't meet the conditions {', '.join(keys)}"
            yield ProofAttempt(self._label, self.role_arn, attempt, "allowed", "not tried", reason)
            return
        caller = self._prepare(lead)
        try:
            assumed = self._call(caller, self._met(lead, caller))
        except ClientError as error:
            reason = str(error)
            yield ProofAttempt(self._label, caller.arn, attempt, "allowed", "refused", reason)
            return
        account = get_account_ids(self.settings)[self.role[1]]
        itself = self.people.makers[account].take_session(assumed, own)
        met = meet_conditions(own, itself.name, {})
        yield self._try(itself, attempt, "allowed", met)
        for what, circumstances in list_unmet(own, met):
            yield self._try(itself, f"{attempt}, {what}", "refused", circumstances)
        source = min(self.settings.get_sources(self.role[0]))
        elsewhere = None if self._is_open(source) else source
        for impostor, what in list_impostors(self.settings, self.role, self.people, elsewhere):
            yield self._try(impostor, what, "refused", met)

    def _list_others(self) -> Iterator[tuple[Person, str]]:
        """An untrusted caller of each source account, and one of an account that no grant names."""
        own = self.settings.get_sources(self.role[0])
        for account in sorted(self.people.outsiders, key=lambda name: (name not in own, name)):
            # Where a whole account is trusted, it is its own policies that keep others out.
            insiders = self.people.nobodies if self._is_open(account) else self.people.outsiders
            whose = "same" if account in own else "another"
            yield insiders[account], f"untrusted, {whose} account"
        yield self.people.stranger, "untrusted, another account"

    def _is_open(self, account: str) -> bool:
        """Whether a whole account is trusted, or an organization that it may be in."""
        return any(
            p.kind in UNITS
            or (p.kind in ("group", "account") and self.model.source_of(p) == account)
            for p in self.model.principals
        )

    def _list_namesakes(self) -> list[Person]:
        """Those of other accounts who are called like a principal, and aren't one."""
        own = {name_in_iam(self.model.source_of(p), p) for p in self.model.principals}
        names = {name[1:] for name in own}
        return [
            person
            for name, person in sorted(self.people.namesakes.items())
            if name not in own and name[1:] in names and not self._is_open(name[0])
        ]

    def _list_near_misses(self) -> Iterator[NearMiss]:
        """Those whom a pattern or path almost names, and no other principal does."""
        own = self.model.principals
        for principal in own:
            source = self.model.source_of(principal)
            label = self.settings.label_principal(source, principal.key)
            beside = [one for one in own if self.model.source_of(one) == source]
            for near in self.people.near_misses.get(label, ()):
                is_named = any(near.is_named_by(one) for one in beside)
                if near.is_elsewhere or not (is_named or self._is_open(source)):
                    yield near

    def _list_principals_of_others(self) -> Iterator[Person]:
        """Those of other grants whose own policies alone keep them out: none has a role too many.

        Where the trust policy names its principals, it keeps them out whatever their policies say.
        """
        if not isinstance(self.settings, FleetSettings):
            return
        callers: dict[str, Person] = {}
        own = {name_in_iam(self.model.source_of(p), p) for p in self.model.principals}
        for grant in map(self.settings.grants.__getitem__, self.settings.made_grants):
            for principal in grant.principals:
                source = grant.source_of(principal)
                is_own = name_in_iam(source, principal) in own
                if principal.kind in _ATTACHED and self._is_open(source) and not is_own:
                    label = self.settings.label_principal(source, principal.key)
                    callers[label] = self.people.callers[label]
        # One may stand for two groups whose long names begin alike.
        arns = {self._caller(principal).arn for principal in self.model.principals}
        yield from (caller for caller in callers.values() if caller.arn not in arns)

    def _list_excluded(self) -> Iterator["_RoleProof"]:
        """The role in each account that the grant excludes, where no other grant has such a one."""
        if not isinstance(self.settings, FleetSettings):
            return
        grant, excluded = self.role[0], set(self.model.exclude)
        grants = self.settings.grants
        taken = {
            (to, grants[name].role_name(name).lower())
            for name, to in self.settings.roles
            if name != grant
        }
        ids = get_account_ids(self.settings)
        for name, account in sorted(self.settings.accounts.items()):
            is_excluded = name in excluded or not excluded.isdisjoint(account.groups)
            if is_excluded and (name, self.model.role_name(grant).lower()) not in taken:
                partition = get_partition(get_region(self.settings, name))
                role_arn = self.model.role_arn(grant, partition, ids[name])
                yield replace(self, role=(grant, name), role_arn=role_arn)

    def _list_untried(self, provable_ones: Sequence[PrincipalModel]) -> Iterator[ProofAttempt]:
        for principal in self.model.principals:
            if principal in provable_ones:
                continue
            keys = list_unprovable(self._conditions(principal))
            yield ProofAttempt(
                self._label,
                self._caller(principal).arn,
                "assumes the role",
                "allowed",
                "not tried",
                f"unproven: the sandbox can't meet the conditions {', '.join(keys)}",
            )

    def _allowed_attempts(self, principals: Sequence[PrincipalModel]) -> Iterator[ProofAttempt]:
        """All that conditions allow and don't require: set by the caller, or inherited."""
        for principal in self._list_leads(principals):
            caller, conditions = self._prepare(principal), self._conditions(principal)
            met = self._met(principal, caller)
            for what, circumstances in list_allowed(conditions, met):
                yield self._try(caller, what, "allowed", circumstances)
            if conditions and principal.kind == "role":
                yield from self._inheriting_attempts(principal, conditions)

    def _inheriting_attempts(
        self, principal: PrincipalModel, conditions: ConditionsModel
    ) -> Iterator[ProofAttempt]:
        keys = list_allowed_tags(conditions)
        if keys:
            tags = dict.fromkeys(keys[:_INHERITED_TAGS], "x")
            yield self._try_inheriting(principal, "inherited session tags", "allowed", tags)
        if isinstance(conditions.allow_session_tags, list):
            what = "an inherited session tag that isn't allowed"
            yield self._try_inheriting(principal, what, "refused", {"sandbox-inherited": "x"})
        if conditions.allow_source_identity:
            what = "an inherited source identity"
            yield self._try_inheriting(principal, what, "allowed", {}, "sandbox-inherited")

    def _try_inheriting(
        self,
        principal: PrincipalModel,
        attempt: str,
        expected: AttemptOutcome,
        tags: Mapping[str, str],
        identity: str = "",
    ) -> ProofAttempt:
        caller = self.people.inherit(self.model, principal, tags, identity)
        return self._try(caller, attempt, expected, self._met(principal, caller))

    def _list_leads(self, principals: Sequence[PrincipalModel]) -> list[PrincipalModel]:
        """One principal of those that share their conditions."""
        leads: list[PrincipalModel] = []
        for principal in principals:
            if all(self._conditions(principal) != self._conditions(lead) for lead in leads):
                leads.append(principal)
        return leads

    def _unmet_attempts(self, principals: Sequence[PrincipalModel]) -> Iterator[ProofAttempt]:
        """Each condition unmet, by one principal of those that share their conditions.

        It is tried as the principal itself calls, and as those under other conditions do: their
        statement must not let it in.
        """
        for principal, other in product(self._list_leads(principals), repeat=2):
            caller = self._prepare(principal)
            met = self._met(other, caller)
            like = "" if other is principal else f", otherwise like {other.display_name}"
            for what, circumstances in list_unmet(self._conditions(principal), met):
                yield self._try(caller, f"{what}{like}", "refused", circumstances)
            if self._differ_in_external_id(principal, other):
                what = f"the external ID of {other.display_name}"
                yield self._try(caller, what, "refused", met)

    def _differ_in_external_id(self, principal: PrincipalModel, other: PrincipalModel) -> bool:
        own, others = self._conditions(principal), self._conditions(other)
        return bool(
            own
            and others
            and own.external_id
            and others.external_id
            and others.external_id not in (own.external_id, own.previous_external_id)
        )
