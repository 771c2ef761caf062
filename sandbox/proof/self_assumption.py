"""A role that assumes itself, and who might pass for it."""

from collections.abc import Iterator

from cross_account_access.config.settings import Settings
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.grant_set import GrantedRole
from cross_account_access.grants.principals import PrincipalModel
from sandbox.deploy.stack import get_account_ids, list_roles
from sandbox.proof.people import People, name_in_iam
from sandbox.proof.person import ASSUME_ANYTHING, OPERATOR, Person

_INSIDER = "sandbox-insider"


def list_unprovable_of_itself(grant: GrantModel) -> list[str]:
    """The keys of a grant that the proof can't let its role meet in assuming itself.

    The role's own tags are the stack's, and a transitive tag can't be passed a second time.
    """
    conditions = grant.conditions
    unprovable = {
        "principalTags": conditions and conditions.principal_tags,
        "transitiveTagKeys": conditions and conditions.transitive_tag_keys,
        "sessionsIssuedAfter": [*grant.role.find_time_warnings()],
    }
    return [key for key, value in unprovable.items() if value]


def list_impostors(
    settings: Settings, role: GrantedRole, people: People, elsewhere: str | None
) -> Iterator[tuple[Person, str]]:
    """Those who may assume every role and yet mustn't assume this one as itself.

    Args:
        settings: The stack's config.
        role: The role.
        people: The people of the stack.
        elsewhere: A source account in which only its named principals are trusted; None without.
    """
    grant, destination = role
    maker = people.makers[get_account_ids(settings)[destination]]
    operator = maker.make_helper(OPERATOR, policy=ASSUME_ANYTHING)
    other = PrincipalModel(role=_INSIDER)
    yield maker.make_namesake(other, operator), "another role of its account"
    yield maker.make_helper(_INSIDER, policy=ASSUME_ANYTHING, mfa=True), "a user of its account"
    model = settings.grants[grant]
    own = PrincipalModel(role=model.role_place(grant).removeprefix("/"))
    if elsewhere and _is_free(settings, elsewhere, own):
        maker = people.makers[get_account_ids(settings)[elsewhere]]
        operator = maker.make_helper(OPERATOR, policy=ASSUME_ANYTHING)
        yield maker.make_namesake(own, operator), "a role of its name, another account"


def _is_free(settings: Settings, account: str, role: PrincipalModel) -> bool:
    """Whether no grant names or makes a role of that name in an account."""
    name = name_in_iam(account, role)
    grants = settings.grants.values()
    named = {name_in_iam(grant.source_of(one), one) for grant in grants for one in grant.principals}
    made = {
        (to, "role", settings.grants[grant].role_name(grant).lower())
        for grant, to in list_roles(settings)
    }
    return name not in named | made
