"""Whoever a stack's grants let in, and others, made on the emulated accounts."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from cross_account_access.config.settings import Settings
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.principal_kinds import MANY_ROLES
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import get_effective_conditions
from cross_account_access.iam import arns
from sandbox.deploy.stack import get_account_ids, get_region
from sandbox.proof.near_misses import NearMiss, make_near_misses
from sandbox.proof.person import ASSUME_ANYTHING, OPERATOR, UNITS, Person, PersonMaker

IamName = tuple[str, str, str]
"""The name of an account, a kind and a name in it, in small letters."""


@dataclass(frozen=True)
class People:
    """Everybody that the proof needs.

    Attributes:
        callers: A caller for each of the grants' principals, by what its policies are called.
        prepare: Gives a caller the tags and the organization that a grant's principal needs:
            another grant may require different ones.
        inherit: Starts a session of a grant's principal, a role, that hands on session tags and a
            source identity.
        outsiders: A user of each source account whom no grant names, though the account lets it
            assume every role.
        nobodies: A user of each source account that the account lets do nothing.
        stranger: A user of an account that is none of the stack's, which lets it assume every role.
        excluded: Who is excluded from a grant's principal, by what its policies are called and the
            exclusion. Those that can't be told from other grants' principals are left out.
        namesakes: Users and roles called like a principal of another account. Those that no grant
            names may assume every role.
        makers: Who creates more people in an account, by its ID.
        near_misses: Of each pattern or path, those whom it almost names, by what its policies are
            called.
    """

    callers: dict[str, Person]
    prepare: Callable[[GrantModel, PrincipalModel, Person], None]
    inherit: Callable[[GrantModel, PrincipalModel, Mapping[str, str], str], Person]
    outsiders: dict[str, Person]
    nobodies: dict[str, Person]
    stranger: Person
    excluded: dict[tuple[str, str], Person]
    namesakes: dict[IamName, Person]
    makers: Mapping[str, PersonMaker]
    near_misses: dict[str, list[NearMiss]]


@contextmanager
def make_people(endpoint: str, settings: Settings, *, keep: bool) -> Iterator[People]:
    """Create the grants' principals with keys and MFA devices; revoke them unless `keep`."""
    makers = _PersonMakers(endpoint, settings)
    try:
        yield _CallerMaking(settings, makers).make_all()
    finally:
        if not keep:
            for maker in makers.values():
                maker.revoke_keys()


class _CallerMaking:
    """Creates all people of a stack, each in its account."""

    def __init__(self, settings: Settings, makers: "_PersonMakers") -> None:
        self._settings = settings
        self._makers = makers
        self._ids = get_account_ids(settings)
        self._grants = [settings.grants[name] for name in settings.made_grants]
        self._apart = _find_apart(settings)
        self._callers: dict[str, Person] = {}
        self._operators: dict[str, Person] = {}

    def make_all(self) -> People:
        """Create everybody."""
        sources = sorted({grant.source_of(one) for grant, one in self._list_principals()})
        own = {source: self._makers[self._ids[source]] for source in sources}
        operators = self._operators = {
            source: maker.make_helper(OPERATOR, policy=ASSUME_ANYTHING)
            for source, maker in own.items()
        }
        for grant, principal in self._list_principals():
            label = self._label(grant, principal)
            if label not in self._callers:
                operator = operators[grant.source_of(principal)]
                maker = self._find_maker(grant, principal)
                self._callers[label] = maker.make_caller(principal, operator)
            self._prepare(grant, principal, self._callers[label])
        stranger = self._makers[find_free_account(self._ids.values())]
        return People(
            self._callers,
            self._prepare,
            self._inherit,
            {
                source: maker.make_helper("sandbox-outsider", policy=ASSUME_ANYTHING, mfa=True)
                for source, maker in own.items()
            },
            {
                source: maker.make_helper("sandbox-nobody", mfa=True)
                for source, maker in own.items()
            },
            stranger.make_helper("sandbox-stranger", policy=ASSUME_ANYTHING, mfa=True),
            self._make_excluded(),
            self._make_namesakes(own, operators),
            self._makers,
            self._make_near_misses(own, operators, stranger),
        )

    def _make_near_misses(
        self,
        makers: Mapping[str, PersonMaker],
        operators: Mapping[str, Person],
        elsewhere: PersonMaker,
    ) -> dict[str, list[NearMiss]]:
        made: dict[str, list[NearMiss]] = {}
        for grant, one in self._list_principals():
            label, source = self._label(grant, one), grant.source_of(one)
            if one.kind in MANY_ROLES and label not in made:
                other = elsewhere, elsewhere.make_helper(OPERATOR, policy=ASSUME_ANYTHING)
                own = makers[source], operators[source]
                made[label] = [*make_near_misses(one, own, other)]
        return made

    def _make_excluded(self) -> dict[tuple[str, str], Person]:
        taken = {
            name_in_iam("", one)
            for grant in self._settings.grants.values()
            for one in grant.principals
        }
        excluded: dict[tuple[str, str], Person] = {}
        for grant, principal in self._list_principals():
            own = self._find_maker(grant, principal)
            for exclusion in map(str, principal.except_):
                arn = arns.parse_arn(exclusion)
                name = exclusion.rpartition("/")[2].lower()
                kinds = [arn.kind] if arn else ["user", "role"]
                kind = next((one for one in kinds if ("", one, name) not in taken), None)
                maker = own if arn is None else self._find_foreign_maker(own, arn)
                # A service-linked role is its service's, and nobody's caller.
                if kind and maker and "/aws-service-role/" not in exclusion:
                    operator = maker.make_helper(OPERATOR, policy=ASSUME_ANYTHING)
                    person = maker.make_excluded(kind, exclusion, principal, operator)
                    excluded[self._label(grant, principal), exclusion] = person
        return excluded

    def _find_foreign_maker(self, own: PersonMaker, arn: arns.IamArn) -> PersonMaker | None:
        """The maker in an excluded ARN's account; None for the stack's own other accounts, which
        must not join the organization for it.
        """
        if arn.account == own.account:
            return own
        return None if arn.account in self._ids.values() else self._makers[arn.account]

    def _make_namesakes(
        self, makers: Mapping[str, PersonMaker], operators: Mapping[str, Person]
    ) -> dict[IamName, Person]:
        taken = {
            name_in_iam(grant.source_of(one), one)
            for grant in self._settings.grants.values()
            for one in grant.principals
        }
        namesakes = {
            name_in_iam(grant.source_of(one), one): self._callers[self._label(grant, one)]
            for grant, one in self._list_principals()
        }
        for _, principal in self._list_principals():
            for account, maker in makers.items():
                name = name_in_iam(account, principal)
                if name not in taken and principal.kind in ("user", "role"):
                    taken.add(name)
                    namesakes[name] = maker.make_namesake(principal, operators[account])
        return namesakes

    def _prepare(self, grant: GrantModel, principal: PrincipalModel, caller: Person) -> None:
        effective = get_effective_conditions(principal, grant.conditions)
        maker = self._makers[caller.arn.split(":")[4]]
        maker.make_as_required(caller, principal, effective)

    def _inherit(
        self, grant: GrantModel, principal: PrincipalModel, tags: Mapping[str, str], identity: str
    ) -> Person:
        operator = self._operators[grant.source_of(principal)]
        maker = self._find_maker(grant, principal)
        return maker.make_inheriting(principal, operator, tags, identity)

    def _find_maker(self, grant: GrantModel, principal: PrincipalModel) -> PersonMaker:
        if self._label(grant, principal) in self._apart:
            return self._makers[_make_account(principal)]
        return self._makers[self._ids[grant.source_of(principal)]]

    def _label(self, grant: GrantModel, principal: PrincipalModel) -> str:
        return self._settings.label_principal(grant.source_of(principal), principal.key)

    def _list_principals(self) -> Iterator[tuple[GrantModel, PrincipalModel]]:
        for grant in self._grants:
            for principal in grant.principals:
                yield grant, principal


def name_in_iam(account: str, principal: PrincipalModel) -> IamName:
    """What a principal is in IAM: of a session its role."""
    if principal.session is not None:
        return account, "role", principal.session.partition("/")[0].lower()
    entity = principal.entity
    kind = entity.kind if entity else str(principal.kind)
    return account, kind, (entity.name if entity else str(principal.identity)).lower()


def find_free_account(taken: Collection[str]) -> str:
    """The ID of an account that is none of these."""
    ids = (f"{number:012}" for number in range(10**12 - 1, 0, -1))
    return next(account for account in ids if account not in taken)


def _find_apart(settings: Settings) -> set[str]:
    """The organizations and units that stand beside other principals in a grant.

    In the source account, these would let a member of the organization in too.
    """
    return {
        settings.label_principal(grant.source_of(one), one.key)
        for grant in settings.grants.values()
        for one in grant.principals
        if one.kind in UNITS and len(grant.principals) > 1
    }


def _make_account(principal: PrincipalModel) -> str:
    """The ID of an account that is an organization's or unit's alone."""
    number = int(sha256(str(principal.identity).encode()).hexdigest(), 16) % 10**11
    return str(4 * 10**11 + number)


class _PersonMakers(dict[str, PersonMaker]):
    """The makers by their accounts' IDs, each made when it is first asked for."""

    def __init__(self, endpoint: str, settings: Settings) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._settings = settings
        # A namesake of a user may be created in any account.
        self._taken = {
            name
            for grant in settings.grants.values()
            for _, kind, name in (name_in_iam("", one) for one in grant.principals)
            if kind == "user"
        } | {
            str(exclusion).rpartition("/")[2].lower()
            for grant in settings.grants.values()
            for one in grant.principals
            for exclusion in one.except_
        }
        self._names = {account: name for name, account in get_account_ids(settings).items()}

    def __missing__(self, account: str) -> PersonMaker:
        # An account that isn't the stack's is where the others are.
        name = self._names.get(account, next(iter(self._settings.connections)))
        region = get_region(self._settings, name)
        self[account] = PersonMaker(self._endpoint, account, region, self._taken)
        return self[account]
