"""The annotated args, which are every language's schema, and the models that check them say the
same."""

from __future__ import annotations

import re
from typing import (
    TYPE_CHECKING,
    Any,
    NotRequired,
    Required,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from cross_account_access import (
    AccountSettings,
    AssumeRoleGrant,
    AssumeRoleGrantArgs,
    Conditions,
    CrossAccountAccess,
    CrossAccountAccessArgs,
    Grant,
    Limits,
    MultiAccountAccess,
    MultiAccountAccessArgs,
    Principal,
    RoleSettings,
    TrustedRole,
    TrustedRoleArgs,
)
from cross_account_access.grants.account_limits import LimitsModel
from cross_account_access.grants.accounts import AccountModel
from cross_account_access.grants.assume_role_grant import AssumeRoleGrantModel
from cross_account_access.grants.conditions import ConditionsModel
from cross_account_access.grants.fleet_set import FleetSet
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.grant_set import AccessModel
from cross_account_access.grants.principals import IDENTITY_KEYS, PrincipalModel
from cross_account_access.grants.roles import RoleModel
from cross_account_access.grants.trusted_role import TrustedRoleModel
from cross_account_access.text_format import to_camel
from tests.component.harness import refused, run
from tests.component.programs import (
    ACCOUNTS,
    PRODUCTION,
    STAGING,
    access,
    assume_role_grant,
    fleet,
    grant,
    output,
    trusted_role,
    wide,
)
from tests.component.world import DESTINATION, SOURCE, role_arn, user_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from cross_account_access.grants.model import Model
    from tests.component.harness import Program

COMPONENTS: list[type[pulumi.ComponentResource]] = [
    CrossAccountAccess,
    MultiAccountAccess,
    TrustedRole,
    AssumeRoleGrant,
]
PROVIDERS = {"source_provider", "destination_provider", "provider", "lookup_provider"}

MODELS: dict[Any, type[Model]] = {
    CrossAccountAccessArgs: AccessModel,
    MultiAccountAccessArgs: FleetSet,
    AccountSettings: AccountModel,
    Grant: GrantModel,
    Principal: PrincipalModel,
    RoleSettings: RoleModel,
    Conditions: ConditionsModel,
    Limits: LimitsModel,
    TrustedRoleArgs: TrustedRoleModel,
    AssumeRoleGrantArgs: AssumeRoleGrantModel,
}


def hints(args: Any) -> dict[str, Any]:
    # `pulumi.Input[X]` is a union of X, what can be awaited, and the text "Output[T]".
    return get_type_hints(args, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)


each_model = pytest.mark.parametrize(
    ("args", "model"), MODELS.items(), ids=lambda part: part.__name__
)


@each_model
def test_args_and_model_have_the_same_keys(args: Any, model: type[Model]) -> None:
    assert set(args.__annotations__) - PROVIDERS == set(model.model_fields)


@each_model
def test_args_and_model_require_the_same_keys(args: Any, model: type[Model]) -> None:
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert args.__required_keys__ - PROVIDERS == required


def test_every_nested_object_of_the_args_is_compared_with_its_model() -> None:
    def nested(annotation: Any) -> set[Any]:
        inner = set().union(*(nested(part) for part in get_args(annotation)))
        return inner | {annotation} if is_typeddict(annotation) else inner

    found = set(MODELS)
    for args in MODELS:
        for annotation in hints(args).values():
            found |= nested(annotation)
    assert found == set(MODELS)


def of_principal(values: dict[str, Any]) -> Program:
    named = {} if set(values) & set(IDENTITY_KEYS) else {"user": "alice"}
    named = {"group": "admins"} if "except_" in values else named
    return fleet({"deploy": wide(principals=[{**named, "label": "x", **values}])})


def of_grant(values: dict[str, Any]) -> Program:
    sandboxes = STAGING | {"groups": ["workloads", "sandboxes"]}
    other = wide(destinations=["sandboxes"], role={"name": "other"})
    return fleet(
        {"deploy": wide(**values), "other": other}, accounts=ACCOUNTS | {"staging": sandboxes}
    )


LEVELS: dict[Any, Callable[[dict[str, Any]], Program]] = {
    CrossAccountAccessArgs: lambda values: access(**values),
    MultiAccountAccessArgs: lambda values: fleet(**values),
    AccountSettings: lambda values: fleet(accounts=ACCOUNTS | {"production": PRODUCTION | values}),
    Grant: of_grant,
    Principal: of_principal,
    RoleSettings: lambda values: access({"deploy": grant(role=values)}),
    Conditions: lambda values: access({"deploy": grant(conditions=values)}),
    Limits: lambda values: access(limits=values),
    TrustedRoleArgs: lambda values: trusted_role(**values),
    AssumeRoleGrantArgs: lambda values: assume_role_grant(**values),
}
# Keys that can't all stand together.
ALONE = {*IDENTITY_KEYS, "unique_id", "except_", "source_ips", "allow_source_identity"}

PASS = {"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}
POLICY = f"arn:aws:iam::{DESTINATION}:policy/x"

# A right value of each key that is no object.
VALUES: dict[str, Any] = {
    "account": SOURCE,
    "account_id": DESTINATION,
    "arn": user_arn("alice"),
    "description": "Deploys",
    "destination_account_id": DESTINATION,
    "destinations": ["workloads"],
    "except_": ["mallory"],
    "exclude": ["sandboxes"],
    "external_id": "partner-7f3a",
    "formerly": ["release"],
    "group": "admins",
    "groups": ["workloads"],
    "inline_policies": {"pass": PASS},
    "label": "x",
    "managed_policies": ["ReadOnlyAccess"],
    "managed_policy_arns": {"made": POLICY},
    "max_session_duration": 7200,
    "allow_identity_context": True,
    "allow_session_tags": ["stage"],
    "allow_source_identity": True,
    "mfa": True,
    "mfa_max_age": 7200,
    "name": "x",
    "not_after": "2026-12-31T18:00:00Z",
    "not_before": "2026-12-01T08:00:00Z",
    "organization": "o-a1b2c3d4e5",
    "organizational_unit": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/",
    "organizations": ["o-a1b2c3d4e5"],
    "path": "/x/",
    "permission_set": "PowerUsers",
    "permissions_boundary": POLICY,
    "policies_per_role": 20,
    "policies_per_user": 20,
    "previous_external_id": "partner-before",
    "principal_tags": {"team": ["platform"]},
    "protect": True,
    "raw": {"StringEquals": {"aws:SourceAccount": [SOURCE]}},
    "retain": True,
    "role": "ci",
    "role_pattern": "team-*",
    "role_actions": {"deploy": ["sts:TagSession"]},
    "role_arn_lengths": {"deploy": 64},
    "role_arns": {"deploy": role_arn("deploy")},
    "session": "ci/build",
    "self_assuming": True,
    "session_names": ["build-*"],
    "sessions_issued_after": "2026-11-01T00:00:00Z",
    "session_tags": {"team": ["platform"]},
    "side": "both",
    "source": "people",
    "source_account_id": SOURCE,
    "source_identities": ["alice"],
    "source_ips": ["203.0.113.7"],
    "source_vpc_endpoints": ["vpce-0a1b2c3d"],
    "source_vpcs": ["vpc-0a1b2c3d"],
    "tags": {"owner": "platform"},
    "transitive_tag_keys": ["team"],
    "trust_by": "name",
    "trust_policy_characters": 4096,
    "unique_id": "AIDAALICEXXXXXXXXXXX1",
    "user": "alice",
}

# The import IDs that each component can take.
IMPORTS: dict[Any, dict[str, str]] = {
    CrossAccountAccessArgs: {"Role/team-deploy": "deploy"},
    MultiAccountAccessArgs: {"Role/team-read@production": "read"},
    TrustedRoleArgs: {"Role/reader": "reader"},
    AssumeRoleGrantArgs: {"UserPolicyAttachment/reach": f"alice/{POLICY}"},
}


def leaf(annotation: Any) -> Any:
    """What stands at the leaves of a key: of a list its elements, of a map its values."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in (NotRequired, Required):
        return leaf(parts[0])
    return leaf(parts[-1]) if origin in (list, dict) else annotation


def is_input(annotation: Any) -> bool:
    """Whether an annotation is a `pulumi.Input[…]`, a union with Outputs in it."""
    return any(get_origin(part) is pulumi.Output for part in get_args(annotation))


LEAVES = [
    (args, key)
    for args in MODELS
    for key, annotation in hints(args).items()
    if key not in PROVIDERS and not is_typeddict(leaf(annotation))
]


def at_leaf(value: Any) -> Any:
    """An Output where the leaf is."""
    if isinstance(value, list):
        return [at_leaf(inner) for inner in value]
    if isinstance(value, dict):
        return {key: at_leaf(inner) for key, inner in value.items()}
    return output(value)


def values_of(args: Any, *, inputs: bool) -> dict[str, Any]:
    """A right value of each key whose leaves are Inputs, or of each of the others."""
    return {
        key: IMPORTS[args] if key == "imports" else VALUES[key]
        for of, key in LEAVES
        if of is args and is_input(leaf(hints(args)[key])) is inputs
    }


def accepted(args: Any, values: dict[str, Any]) -> None:
    together = {key: value for key, value in values.items() if key not in ALONE}
    alone = [{key: values[key]} for key in values if key in ALONE]
    for given in [together, *alone]:
        assert run(LEVELS[args](given)).kinds() & {"Role", "Policy"}


each_args = pytest.mark.parametrize("args", MODELS, ids=lambda args: args.__name__)


@each_args
def test_plain_values_are_taken_and_outputs_where_the_annotation_is_an_input(args: Any) -> None:
    plain, inputs = values_of(args, inputs=False), values_of(args, inputs=True)
    accepted(args, plain | inputs)
    accepted(args, plain | {key: at_leaf(value) for key, value in inputs.items()})


@each_args
@pytest.mark.parametrize("put", [output, at_leaf], ids=["whole", "leaf"])
def test_outputs_are_refused_elsewhere(args: Any, put: Callable[[Any], Any]) -> None:
    values = values_of(args, inputs=False)
    error, found = refused(LEVELS[args]({key: put(value) for key, value in values.items()}))
    assert all(problem.value == "<an Output>" for problem in error.problems)
    steps = {step for problem in error.problems for step in re.split(r"[.\[]", problem.path)}
    assert set(values) <= steps
    assert found.calls == []


def test_inputs_and_plain_keys_are_told_apart() -> None:
    inputs = {key for args, key in LEAVES if is_input(leaf(hints(args)[key]))}
    of_conditions = {"not_after", "not_before", "organizations", "principal_tags", "raw"}
    of_conditions |= {"external_id", "previous_external_id", "session_names", "session_tags"}
    of_conditions |= {"source_identities", "source_ips", "source_vpc_endpoints", "source_vpcs"}
    of_roles = {"description", "inline_policies", "managed_policy_arns", "permissions_boundary"}
    of_roles |= {"sessions_issued_after"}
    of_principals = {"arn", "except_", "group", "role", "unique_id", "user"}
    of_components = {"role_arns", "source_account_id", "tags"}
    assert inputs == of_conditions | of_roles | of_principals | of_components


@pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning"
)  # the analyzer leaves files open
def test_pulumis_analyzer_reads_every_component_with_its_inputs_and_which_of_them_are_plain() -> (
    None
):
    analyzer = Analyzer("cross-account-access")
    result = analyzer.analyze(COMPONENTS)
    told = {name: definition.inputs for name, definition in result["component_definitions"].items()}
    told |= {name: definition.properties for name, definition in result["type_definitions"].items()}
    for args in MODELS:
        name = args.__name__.removesuffix("Args")
        assert set(told[name]) == {to_camel(key) for key in args.__annotations__}
        for key, annotation in hints(args).items():
            inner = get_args(annotation)[0] if get_origin(annotation) is NotRequired else annotation
            assert told[name][to_camel(key)].plain is not is_input(inner)
            assert told[name][to_camel(key)].description
            assert told[name][to_camel(key)].optional is (key not in args.__required_keys__)
