"""The provider host over its own protocol: what it makes, and what it refuses before anything is
made."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime import proto, rpc

import cross_account_access
from tests.component.provider_host import (
    DESTINATION,
    SOURCE,
    UNKNOWN,
    Engine,
    Host,
    Refusal,
    output,
    provider,
    provider_urn,
    secret,
    started,
    urn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.component.provider_host import Made

AWS = version("pulumi-aws")
ROLE = "aws:iam/role:Role"
ALICE = urn("aws:iam/user:User", "alice")
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
ARN = f"arn:aws:iam::{DESTINATION}:role/deploy"
HALVES: dict[str, dict[str, Any]] = {
    "TrustedRole": {"principals": [{"user": "alice"}], "sourceAccountId": SOURCE},
    "AssumeRoleGrant": {"principal": {"user": "alice"}, "roleArns": {"deploy": ARN}},
}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with started() as running:
        yield running


def inputs(grant: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A component's inputs, for one grant."""
    grants = {"deploy": {"principals": [{"user": "alice"}], **(grant or {})}}
    return {"grants": grants, "sourceProvider": provider("source", AWS)} | {
        "destinationProvider": provider("destination", AWS),
        **more,
    }


def access(host: Host, engine: Engine, given: Mapping[str, Any]) -> Made:
    uses = {f"{side}Provider": [provider_urn(side)] for side in ("source", "destination")}
    return host.construct(engine, "CrossAccountAccess", given, uses=uses)


def refused(host: Host, given: Mapping[str, Any], *, preview: bool = False) -> Refusal:
    """What a component's inputs are refused with; no role was made."""
    engine = Engine(preview=preview)
    with pytest.raises(Refusal) as caught:
        access(host, engine, given)
    assert engine.kinds() <= {"cross-account-access:index:CrossAccountAccess"}
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT
    assert 'File "' not in caught.value.message
    return caught.value


def trust(engine: Engine) -> Any:
    """The role's trust policy, as it went over the wire."""
    return engine.one(ROLE).inputs["assumeRolePolicy"]


def test_the_host_tells_its_version_and_takes_secrets_resources_and_outputs(host: Host) -> None:
    assert host.call.GetPluginInfo(empty_pb2.Empty()).version == cross_account_access.__version__
    configured = host.call.Configure(proto.ConfigureRequest())
    assert configured.acceptSecrets
    assert configured.acceptResources
    assert configured.acceptOutputs


def test_the_host_tells_its_schema(host: Host) -> None:
    schema = json.loads(host.call.GetSchema(proto.GetSchemaRequest(version=0)).schema)
    assert schema["version"] == cross_account_access.__version__
    assert {token.rpartition(":")[2] for token in schema["resources"]} == {
        "AssumeRoleGrant",
        "CrossAccountAccess",
        "MultiAccountAccess",
        "TrustedRole",
    }


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_both_halves_are_made_each_by_its_own_provider(host: Host, *, preview: bool) -> None:
    engine = Engine(preview=preview)
    made = access(host, engine, inputs({"conditions": {"mfa": True}}))
    assert {
        (found.type, found.name, found.provider)
        for found in engine.made
        if found.type.startswith("aws:")
    } == {
        (ROLE, "team-deploy", "destination"),
        ("aws:iam/policy:Policy", "team-user-alice", "source"),
        ("aws:iam/userPolicyAttachment:UserPolicyAttachment", "team-user-alice", "source"),
    }
    assert sorted(engine.invoked) == [
        ("getCallerIdentity", "destination"),
        ("getCallerIdentity", "source"),
        ("getUser", "source"),
    ]
    assert json.loads(trust(engine))["Statement"][0]["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"}
    }
    assert made.urn == urn("cross-account-access:index:CrossAccountAccess", "team")
    assert made.outputs["roleArns"] == {"deploy": ARN}
    assert made.outputs["sourceAccountId"] == SOURCE


def test_a_roles_arn_depends_on_the_sources_half(host: Host) -> None:
    made = access(host, Engine(), inputs())
    kinds = {dependency.rpartition("$")[2] for dependency in made.uses["roleArns"]}
    assert "aws:iam/userPolicyAttachment:UserPolicyAttachment::team-user-alice" in kinds


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_a_secret_external_id_stays_secret(host: Host, *, preview: bool) -> None:
    engine = Engine(preview=preview)
    external_id = output("s3cret-id", secret=True, of=(ALICE,))
    made = access(host, engine, inputs({"conditions": {"externalId": external_id}}))
    policy = trust(engine)
    assert policy[rpc._special_sig_key] == rpc._special_secret_sig
    assert '"sts:ExternalId":"s3cret-id"' in policy["value"]
    assert engine.one(ROLE).uses["assumeRolePolicy"] == [ALICE]
    assert made.outputs["cliProfiles"][rpc._special_sig_key] == rpc._special_secret_sig
    assert made.outputs["longestSessions"] == {"deploy": 3600}
    assert "s3cret-id" not in made.outputs["summaries"]["deploy"]


def test_what_isnt_known_in_a_preview_leaves_no_document_without_it(host: Host) -> None:
    engine = Engine(preview=True)
    principal = {"user": output(known=False, of=(ALICE,)), "label": "alice"}
    grant = {"principals": [principal], "conditions": {"externalId": output(known=False)}}
    access(host, engine, inputs(grant))
    assert trust(engine) == UNKNOWN
    assert ALICE in engine.one(ROLE).uses["assumeRolePolicy"]


def test_an_inline_policy_may_be_an_output(host: Host) -> None:
    engine = Engine()
    access(host, engine, inputs({"role": {"inlinePolicies": {"read": output(DOCUMENT)}}}))
    assert json.loads(engine.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]) == DOCUMENT


@pytest.mark.parametrize(
    ("half", "kind", "side", "account"),
    [
        ("TrustedRole", ROLE, "destination", DESTINATION),
        ("AssumeRoleGrant", "aws:iam/policy:Policy", "source", SOURCE),
    ],
)
def test_half_a_grant_takes_its_provider_from_the_options(
    host: Host, half: str, kind: str, side: str, account: str
) -> None:
    engine = Engine()
    reference = {"aws": f"{provider_urn(side)}::{side}-id"}
    made = host.construct(engine, half, HALVES[half], providers=reference)
    assert engine.one(kind).provider == side
    assert made.outputs["accountId"] == account


def test_half_a_grant_without_an_explicit_provider_is_refused(host: Host) -> None:
    engine = Engine()
    with pytest.raises(Refusal) as caught:
        host.construct(engine, "TrustedRole", HALVES["TrustedRole"])
    assert list(caught.value.properties) == ["opts.provider"]
    engine.wait_until_quiet()  # the component's own registration may be under way
    assert ROLE not in engine.kinds()


def other(*, major: int = 0, minor: int = 0, patch: int = 0) -> str:
    """Another version than the installed pulumi-aws."""
    own = [int(part) for part in AWS.split(".")]
    return f"{own[0] + major}.{max(own[1] + minor, 0)}.{own[2] + patch}"


@pytest.mark.parametrize(
    "theirs", [other(minor=-1), other(minor=-1, patch=1), other(minor=1), other(patch=1), "", None]
)
def test_providers_of_any_aws_package_of_the_same_major_version_work(
    host: Host, theirs: str | None
) -> None:
    engine = Engine()
    given = {f"{side}Provider": provider(side, theirs) for side in ("source", "destination")}
    access(host, engine, inputs(**given))
    assert engine.one(ROLE).provider == "destination"


@pytest.mark.parametrize("theirs", [other(major=1), other(major=-1)])
def test_providers_of_another_major_version_are_refused_with_both_versions(
    host: Host, theirs: str
) -> None:
    both = {f"{side}Provider": provider(side, theirs) for side in ("source", "destination")}
    refusal = refused(host, inputs(**both))
    assert set(refusal.properties) == set(both)
    assert all(theirs in reason and AWS in reason for reason in refusal.properties.values())


def test_two_providers_of_one_account_are_refused_though_that_is_known_late(host: Host) -> None:
    engine = Engine({"destination": SOURCE})
    with pytest.raises(Refusal) as caught:
        access(host, engine, inputs())
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT
    assert list(caught.value.properties) == ["destinationAccountId"]
    assert 'File "' not in caught.value.message
    engine.wait_until_quiet()  # what comes later would go to the next test's engine
    assert ROLE not in engine.kinds()


# Each object, list and plain value of a grant, where an Output in its place could take a condition
# along.
PARTS: dict[str, Any] = {
    "grants": inputs()["grants"],
    "grants.deploy": {"principals": [{"user": "alice"}]},
    "grants.deploy.principals": [{"user": "alice"}],
    "grants.deploy.principals[0]": {"user": "alice"},
    "grants.deploy.principals[0].conditions": {"mfa": True},
    "grants.deploy.principals[0].trustBy": "id",
    "grants.deploy.role": {"name": "deploy"},
    "grants.deploy.role.tags": {"owner": "me"},
    "grants.deploy.role.inlinePolicies": {"read": DOCUMENT},
    "grants.deploy.conditions": {"mfa": True},
    "grants.deploy.conditions.mfa": True,
    "grants.deploy.conditions.mfaMaxAge": 3600,
    "grants.deploy.conditions.sourceVpcs": ["vpc-0a1b2c3d"],
    "grants.deploy.conditions.sourceIps": ["192.0.2.1"],
    "grants.deploy.conditions.sessionTags": {"team": ["platform"]},
    "grants.deploy.conditions.allowSessionTags": ["team"],
    "grants.deploy.conditions.allowSourceIdentity": True,
    "grants.deploy.conditions.raw": {"StringEquals": {"aws:UserAgent": ["x"]}},
    "side": "both",
}


def inputs_with(path: str, value: Any) -> dict[str, Any]:
    """Inputs of one grant, with this value at the path."""
    made = inputs({"principals": [{"user": "alice"}]})
    *outer, last = (int(key) if key.isdigit() else key for key in re.findall(r"\w+", path))
    parent: Any = made
    for key in outer:
        parent = parent[key] if isinstance(parent, list) else parent.setdefault(key, {})
    parent[last] = value
    return made


WRAPS: dict[str, Callable[[Any], Any]] = {
    "output": output,
    "secret output": lambda value: output(value, secret=True),
    "unknown output": lambda _: output(known=False),
    "secret": secret,
    "unknown": lambda _: UNKNOWN,
    "null": lambda _: None,
    "output of null": lambda _: output(),
}


# Every way in which a part comes over the wire, and every part in the way that hides the most.
WRAPPED = [("grants.deploy.conditions", wrap) for wrap in WRAPS] + [
    (path, "secret output") for path in PARTS if path != "grants.deploy.conditions"
]


@pytest.mark.parametrize(("path", "wrap"), WRAPPED)
def test_a_part_that_isnt_plain_is_refused(host: Host, path: str, wrap: str) -> None:
    refusal = refused(host, inputs_with(path, WRAPS[wrap](PARTS[path])), preview=True)
    # A secret of the older form comes out of the SDK as a secret around all of the input that it
    # is in.
    assert list(refusal.properties) == [path.partition(".")[0] if wrap == "secret" else path]


@pytest.mark.parametrize("path", PARTS)
def test_the_same_part_in_plain_is_taken(host: Host, path: str) -> None:
    """Else the test before this one would prove nothing."""
    engine = Engine()
    access(host, engine, inputs_with(path, PARTS[path]))
    assert ROLE in engine.kinds()


def test_unknown_keys_are_refused_as_other_languages_spell_the_rest(host: Host) -> None:
    own = {"user": "alice", "mfa": True, "conditions": {"MFA": True, "mfaMaxAge": 60}}
    grant = {
        "principals": [own],
        "role": {"conditions": {"mfa": True}},
        "conditions": {"mfaRequired": True, "external_id": "x-123", "mfa": True},
        "condition": {"mfa": True},
    }
    refusal = refused(host, inputs(grant, conditions={"mfa": True}))
    assert set(refusal.properties) == {
        "grants.deploy.conditions.mfaRequired",
        "grants.deploy.conditions.external_id",
        "grants.deploy.condition",
        "grants.deploy.role.conditions",
        "grants.deploy.principals[0].mfa",
        "grants.deploy.principals[0].conditions.MFA",
        "conditions",
    }


LEFT_OUT = ("grants", "sourceProvider")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("grants.deploy.conditions", inputs({"conditions": {}})),
        ("grants.deploy.principals[1]", inputs({"principals": [{"user": "alice"}, None]})),
        ("sourceAccountId", inputs(sourceAccountId="4711")),
        *((left, {key: inputs()[key] for key in inputs() if key != left}) for left in LEFT_OUT),
    ],
)
def test_a_bad_input_is_named_by_its_path(host: Host, path: str, given: dict[str, Any]) -> None:
    assert list(refused(host, given).properties) == [path]


def test_all_that_is_wrong_is_told_at_once_and_as_other_languages_spell_it(host: Host) -> None:
    given = inputs({"role": {"maxSessionDuration": 60}, "conditions": {"sourceVpcs": ["x"]}})
    refusal = refused(host, given)
    assert set(refusal.properties) == {
        "grants.deploy.role.maxSessionDuration",
        "grants.deploy.conditions.sourceVpcs[0]",
    }
    assert "max_session_duration" not in refusal.message
    assert all(reason in refusal.message for reason in refusal.properties.values())


def test_a_secret_that_is_refused_is_not_shown(host: Host) -> None:
    refusal = refused(host, inputs({"conditions": {"externalId": "bad id s3cret"}}))
    assert "s3cret" not in refusal.message
    assert list(refusal.properties) == ["grants.deploy.conditions.externalId"]
