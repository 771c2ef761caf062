"""The source's half as plain data: a principal, the roles that it may assume, their policies."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam import arns, limits
from cross_account_access.text_format import join_words

from .autoname import check_autoname
from .condition_values import check_known_tags
from .conditions import ACTIONS, ASSUME_ROLE
from .grant import check_import_ids
from .grant_set import refuse_account_key
from .model import Model, Unresolved, plain, when_known
from .packing import pack_roles
from .policies import AssumableRole, PolicyPlan
from .principals import PrincipalModel
from .roles import Tags, check_role_arn

_ATTACHED_TO = ("user", "role", "group", None)


class RolePlace(NamedTuple):
    """Where a role is: known before its ARN is, and the same in every stack."""

    account: str
    """A key of its account."""
    name: str
    """Its name after its path, such as `/team/read-only`."""

    @property
    def longest_arn(self) -> str:
        """Its longest ARN: in the partition with the longest name."""
        return str(arns.IamArn("aws-us-gov", "0" * 12, "role", *arns.split_path(self.name)))


_LONGEST_WITHOUT_PATH = RolePlace("", "r" * limits.ROLE_NAME.most).longest_arn


def _check_action(value: object) -> str:
    if value not in ACTIONS:
        raise Refusal(f"must be {join_words(ACTIONS, 'or')}", code="invalid-role-action")
    return str(value)


class AssumeRoleGrantModel(Model):
    """Checked `AssumeRoleGrantArgs`."""

    principal: PrincipalModel
    role_arns: dict[
        Annotated[str, plain(limits.ROLE_LABEL)],
        Annotated[str | Unresolved, when_known(check_role_arn)],
    ] = Field(min_length=1)
    role_arn_lengths: dict[
        Annotated[str, plain(limits.ROLE_LABEL)], Annotated[int, plain(limits.ARN_LENGTH)]
    ] = {}

    role_actions: dict[
        Annotated[str, plain(limits.ROLE_LABEL)], list[Annotated[str, plain(_check_action)]]
    ] = {}
    policies_per_principal: Annotated[int, plain(limits.POLICIES_PER_PRINCIPAL)] = (
        limits.MANAGED_POLICIES_PER_PRINCIPAL
    )
    tags: Annotated[Tags, plain(check_known_tags)] = {}
    imports: Annotated[dict[str, str], plain(check_import_ids)] = {}

    @model_validator(mode="after")
    def _check_attachable(self) -> "AssumeRoleGrantModel":
        if self.principal.kind not in _ATTACHED_TO:
            raise Refusal(
                "must be a user, role or group, for a policy attaches to nothing else",
                code="cannot-attach-policy",
                where=(Key("principal"),),
                remedy="Add the policy wherever the account's administrator gives permissions",
            )
        if self.principal.conditions is not None:
            raise Refusal(
                "must not be set here: conditions belong to the role's trust policy",
                code="conditions-of-destination",
                where=(Key("principal"), Key("conditions")),
                remedy="Set them in the TrustedRole, and here role_actions for session tags and "
                "source identities",
            )
        for key, is_set in (
            ("trust_by", self.principal.by_name),
            ("unique_id", self.principal.unique_id is not None),
        ):
            if is_set:
                raise Refusal(
                    "must not be set here: it belongs to the role's trust policy",
                    code="trust-of-destination",
                    where=(Key("principal"), Key(key)),
                    value=getattr(self.principal, key),
                    remedy="Set it in the TrustedRole",
                )
        if self.principal.source is not None:
            with locate(Key("principal")):
                raise refuse_account_key("source", self.principal.source)
        return self

    @model_validator(mode="after")
    def _check_role_names(self) -> "AssumeRoleGrantModel":
        for key in ("role_arn_lengths", "role_actions"):
            if unknown := sorted(set(getattr(self, key)) - set(self.role_arns)):
                raise Refusal(
                    "must be the name of a role in role_arns",
                    code="unknown-role-name",
                    where=(Key(key), unknown[0]),
                )
        return self

    def check_partition(self, partition: str) -> None:
        """Check that the known roles are in the source account's partition.

        Raises:
            Refusal: If one is in another partition.
        """
        for name, role in self.role_arns.items():
            arn = arns.parse_arn(role) if isinstance(role, str) else None
            if arn and arn.partition != partition:
                raise Refusal(
                    f"must be in the source account's partition, {partition}",
                    code="role-in-other-partition",
                    where=(Key("role_arns"), name),
                    value=role,
                    remedy="No principal of one partition can assume a role of another",
                )

    def list_roles(self, places: Mapping[str, RolePlace] | None = None) -> dict[str, AssumableRole]:
        """The roles; for an ARN that isn't known one as long as it is at most.

        Args:
            places: Where roles are, by their names, whose ARNs then don't count.
        """
        places = places or {}
        return {name: self._build_role(name, places.get(name)) for name in self.role_arns}

    def _build_role(self, name: str, place: RolePlace | None) -> AssumableRole:
        arn, actions = self.role_arns[name], self.actions(name)
        if place:
            return AssumableRole(place.longest_arn, actions, place.account)
        if isinstance(arn, str):
            return AssumableRole(arn, actions)
        length = self.role_arn_lengths.get(name, len(_LONGEST_WITHOUT_PATH))
        return AssumableRole("r" * length, actions)

    def plan(
        self, name: str, places: Mapping[str, RolePlace] | None = None
    ) -> dict[str, PolicyPlan]:
        """The policies that a component of that name makes, each by its name, with the roles in it.

        Args:
            name: The component's name.
            places: Where roles are, by their names; the same places give the same plan.

        Raises:
            Refusal: If more are needed than attach to the principal, or AWS has no policies of
                such names.
        """
        packs = enumerate(self._pack(places), start=1)
        planned = {
            name if number == 1 else f"{name}-{number}": plan
            for number, plan in packs
            if plan.roles
        }
        for child in planned:
            check_autoname(child, limits.POLICY_NAME)
        return planned

    def _pack(self, places: Mapping[str, RolePlace] | None) -> list[PolicyPlan]:
        # Of an unknown ARN it isn't known either whether it is a user's or a role's.
        raised = limits.RAISED_POLICIES_PER_PRINCIPAL[self.principal.kind or "user"]
        most = min(self.policies_per_principal, raised)
        try:
            return pack_roles(self.list_roles(places), most)
        except Refusal as refusal:
            if most < raised:
                refusal.remedy += (
                    f". AWS raises the quota of attached policies to {raised} on request: if it "
                    "has, set policies_per_principal"
                )
            raise

    def actions(self, name: str) -> tuple[str, ...]:
        """What is allowed on a role."""
        return (ASSUME_ROLE, *sorted(set(self.role_actions.get(name, [])) - {ASSUME_ROLE}))
