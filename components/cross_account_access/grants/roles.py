"""The destination's role: its settings, and what can be wrong with them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, model_validator

from cross_account_access.errors import Key, Refusal
from cross_account_access.iam import arns, limits

from . import policies
from .model import Model, Unresolved, plain, when_known

Steps = tuple[str | int, ...]

_MANAGED_POLICY_RULE = "a managed policy is given by the name of one of AWS's, or by its ARN"


def check_managed_policy(value: object) -> str:
    """Check a managed policy: the name of one of AWS's, with its path where it has one, or any one's ARN."""
    if not isinstance(value, str):
        raise Refusal(_MANAGED_POLICY_RULE)
    return check_managed_policy_arn(value) if value.startswith("arn:") else _named_policy(value)


def check_managed_policy_arn(value: object) -> str:
    """Check a managed policy's ARN."""
    arn = arns.parse_arn(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "policy":
        raise Refusal(
            "a managed policy's ARN is arn:aws:iam::ACCOUNT:policy/NAME, ACCOUNT aws for AWS's own"
        )
    limits.POLICY_PATH(arn.path)
    limits.POLICY_NAME(arn.name)
    return str(arn)


def check_role_arn(value: object) -> str:
    """Check a role's ARN."""
    arn = arns.parse_arn(value) if isinstance(value, str) else None
    if arn is None or arn.kind != "role" or arn.account == "aws":
        session_of = arns.find_role_of_session(value) if isinstance(value, str) else None
        remedy = f"This is one session of a role; the role's own ARN is {session_of}, with its path"
        raise Refusal(
            "a role's ARN is arn:aws:iam::ACCOUNT:role/NAME", remedy=remedy if session_of else ""
        )
    limits.check_path(arn.path)
    limits.ROLE_NAME(arn.name)
    return str(arn)


def _named_policy(value: str) -> str:
    path, name = arns.split_path(value)
    limits.POLICY_PATH(path)
    limits.POLICY_NAME(name)
    return value


def resolve_policy_arn(policy: str, partition: str, account: str) -> str:
    """The ARN of a checked managed policy, for a role of `account`.

    Raises:
        Refusal: If it is a policy of another account.
    """
    arn = arns.parse_arn(policy) or arns.IamArn(
        partition, "aws", "policy", *arns.split_path(policy)
    )
    if arn.account not in {"aws", account}:
        raise Refusal(
            f"a role takes policies of AWS's and of its own account, {account}", value=policy
        )
    return str(arn)


def build_attachment_key(policy: str) -> str:
    """What the attachment of a checked managed policy is called by."""
    arn = arns.parse_arn(policy)
    if arn is None:
        return f"aws-{arns.split_path(policy)[1]}"
    return f"{'aws' if arn.account == 'aws' else 'own'}-{arn.name}"


def _inline_policy(value: object) -> Any:
    if has_unresolved(value):
        return value
    policies.check_identity_policy(value)
    return value


def has_unresolved(value: object) -> bool:
    """Whether anything in a document isn't known yet."""
    if isinstance(value, Mapping):
        return any(map(has_unresolved, value.values()))
    if isinstance(value, list):
        return any(map(has_unresolved, value))
    return isinstance(value, Unresolved)


def _attachable(value: object) -> str:
    if isinstance(value, Unresolved):
        raise Refusal(
            "a managed policy in this list is plain, for its attachment is called by its name",
            remedy="Put an Output under a label of its own: managed_policy_arns (managedPolicyArns in config)",
        )
    return check_managed_policy(value)


class RoleModel(Model):
    """The destination's role; `args.RoleSettings` says what each key means."""

    name: Annotated[str | None, plain(limits.ROLE_NAME)] = None
    path: Annotated[str, plain(limits.check_path)] = "/"
    description: Annotated[str | None, plain(limits.DESCRIPTION)] = None
    max_session_duration: Annotated[int | None, plain(limits.MAX_SESSION_DURATION)] = None
    managed_policies: list[Annotated[str, PlainValidator(_attachable)]] = []
    managed_policy_arns: dict[
        Annotated[str, plain(limits.LABEL)],
        Annotated[str | Unresolved, when_known(check_managed_policy_arn)],
    ] = {}
    inline_policies: dict[
        Annotated[str, plain(limits.POLICY_NAME)], Annotated[Any, when_known(_inline_policy)]
    ] = {}
    permissions_boundary: Annotated[str | Unresolved | None, when_known(check_managed_policy)] = (
        None
    )
    tags: Annotated[dict[str, str], plain(limits.check_tags)] = {}

    @model_validator(mode="after")
    def _attachments(self) -> "RoleModel":
        if twice := limits.find_repeated(self.managed_policies, key=build_attachment_key):
            position = len(self.managed_policies) - 1 - self.managed_policies[::-1].index(twice)
            raise Refusal(
                "a policy is attached once", where=(Key("managed_policies"), position), value=twice
            )
        attached = len(self.managed_policies) + len(self.managed_policy_arns)
        if attached > limits.MANAGED_POLICIES_PER_ROLE:
            raise Refusal(
                f"at most {limits.MANAGED_POLICIES_PER_ROLE} managed policies attach to a role",
                where=(Key("managed_policies"),),
                value=attached,
            )
        labelled = {
            label: arn for label, arn in self.managed_policy_arns.items() if isinstance(arn, str)
        }
        if twice := limits.find_repeated(
            [*self.managed_policies, *labelled.values()], key=build_attachment_key
        ):
            label = [label for label, arn in labelled.items() if arn == twice][-1]
            raise Refusal(
                "a policy is attached once", where=(Key("managed_policy_arns"), label), value=twice
            )
        known = [
            policies.check_identity_policy(p)
            for p in self.inline_policies.values()
            if not has_unresolved(p)
        ]
        size = sum(map(limits.count_characters, known))
        if size > limits.ROLE_INLINE_POLICIES_QUOTA:
            raise Refusal(
                f"a role's inline policies have at most {limits.ROLE_INLINE_POLICIES_QUOTA} characters together, "
                "white space not counted",
                where=(Key("inline_policies"),),
                value=size,
                remedy="Make a managed policy of one",
            )
        return self

    def known_policies(self) -> Iterator[tuple[Steps, str]]:
        """Every managed policy that is known, with the path where it stands."""
        for position, policy in enumerate(self.managed_policies):
            yield (Key("managed_policies"), position), policy
        for label, arn in self.managed_policy_arns.items():
            if isinstance(arn, str):
                yield (Key("managed_policy_arns"), label), arn
        if isinstance(self.permissions_boundary, str):
            yield (Key("permissions_boundary"),), self.permissions_boundary

    def check_account(self, account: str, where: Steps) -> None:
        """Check the managed policies that are known against the role's account.

        Args:
            account: The account.
            where: The path where the role stands.

        Raises:
            Refusal: If one is of another account.
        """
        for steps, policy in self.known_policies():
            try:
                resolve_policy_arn(policy, "aws", account)
            except Refusal as refusal:
                raise Refusal(
                    refusal.rule, code=refusal.code, where=(*where, *steps), value=policy
                ) from None


def merge_tags(common: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """A role's tags: its own stand in the place of the common ones of the same key, in whatever case.

    Raises:
        Refusal: If both together are too many.
    """
    named = {key.lower() for key in own}
    return limits.check_tags(
        {key: value for key, value in common.items() if key.lower() not in named} | dict(own)
    )
