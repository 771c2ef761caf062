"""Those who are almost what a pattern or path of roles names, whom the trust in it must refuse."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.role_patterns import can_match_alike
from cross_account_access.iam import arns, limits
from sandbox.proof.person import Person, PersonMaker, name_matching_role


@dataclass(frozen=True)
class NearMiss:
    """Somebody whom a pattern or path doesn't name, though its account allows every role.

    Attributes:
        what: What it is, as its attempt is called.
        person: Who it is.
        role: Path and name of its role in the principal's account; None of others.
        is_elsewhere: Whether it is of an account that no grant names.
    """

    what: str
    person: Person
    role: str | None = None
    is_elsewhere: bool = False

    def is_named_by(self, principal: PrincipalModel) -> bool:
        """Whether a principal names it after all."""
        role = self.role
        return role is not None and any(
            can_match_alike(pattern, role) for pattern in principal.matching_roles
        )


def make_near_misses(
    principal: PrincipalModel, own: tuple[PersonMaker, Person], other: tuple[PersonMaker, Person]
) -> Iterator[NearMiss]:
    """Make them.

    Args:
        principal: The pattern or path.
        own: Who makes people in its account, and the operator there.
        other: The same of another account.
    """
    (maker, operator), (elsewhere, stranger) = own, other
    path, name = arns.split_path(name_matching_role(principal, "inside"))
    inside = f"in{path}{name}" if principal.path else f"{path}in-{name}"
    inside = inside.removeprefix("/")[: len(path) + limits.ROLE_NAME.most - 1]
    unlike = f"near-{sha256(str(principal.identity).encode()).hexdigest()[:8]}"
    for what, text in (("a role that doesn't match", unlike), ("the pattern inside", inside)):
        yield NearMiss(what, maker.make_namesake(PrincipalModel(role=text), operator), text)
    matching = name_matching_role(principal)
    user, role = PrincipalModel(user=matching), PrincipalModel(role=matching)
    yield NearMiss("a user, not a role", maker.make_namesake(user, operator))
    namesake = elsewhere.make_namesake(role, stranger)
    yield NearMiss("a matching role, another account", namesake, is_elsewhere=True)
