"""What the components tell of a role's use: switch-role URL or why there is none, CLI profile,
command, ids."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi_aws as aws
import pytest

from cross_account_access import CrossAccountAccess, GrantOutputs
from tests.component.engine_record import SECRET
from tests.component.harness import run
from tests.component.programs import access, filled, grant, output, secret, trusted_role
from tests.component.refusals import refused_at_once
from tests.component.world import DESTINATION, SOURCE, World, ci_arn, role_arn, user_arn

URL = f"https://signin.aws.amazon.com/switchrole?account={DESTINATION}"
EXTERNAL_ID = "the trust policy requires an external ID, which the console can't send"
NO_USER = "only role sessions are trusted, and these can't switch roles in the console"
TOO_LONG = "path and name of the role have more than 64 characters"
BOTH = [{"user": "alice"}, {"role": "ci"}]


@dataclass(frozen=True)
class Case:
    """A grant, and its URL or the reason why there is none."""

    grant: dict[str, Any]
    url: str | None = None
    reason: str | None = None
    world: World = field(default_factory=World)


CASES = {
    "user": Case(grant(), f"{URL}&roleName=deploy&displayName=deploy"),
    "user and role": Case(grant(principals=BOTH), f"{URL}&roleName=deploy&displayName=deploy"),
    "user by ARN": Case(
        grant(principals=[{"arn": user_arn("alice")}]), f"{URL}&roleName=deploy&displayName=deploy"
    ),
    "user by an Output ARN": Case(
        grant(principals=[{"arn": output(user_arn("alice")), "label": "x"}]),
        f"{URL}&roleName=deploy&displayName=deploy",
    ),
    "path": Case(
        grant(role={"path": "/team/sub/"}), f"{URL}&roleName=team/sub/deploy&displayName=deploy"
    ),
    "name": Case(
        grant(role={"name": "a+b=c@d"}), f"{URL}&roleName=a%2Bb%3Dc%40d&displayName=a%2Bb%3Dc%40d"
    ),
    "MFA": Case(grant(conditions={"mfa": True}), f"{URL}&roleName=deploy&displayName=deploy"),
    "external ID": Case(grant(conditions={"external_id": "partner-7f3a"}), reason=EXTERNAL_ID),
    "external ID that is an Output": Case(
        grant(conditions={"external_id": output("xx")}), reason=EXTERNAL_ID
    ),
    "role": Case(grant(principals=[{"role": "ci"}]), reason=NO_USER),
    "role called as a user": Case(
        grant(principals=[{"role": "user/ci"}]), reason=NO_USER, world=World(roles={"ci": "/user/"})
    ),
    "longest path": Case(
        grant(role={"path": f"/{'p' * 57}/"}),
        f"{URL}&roleName={'p' * 57}/deploy&displayName=deploy",
    ),
    "path too long": Case(grant(role={"path": f"/{'p' * 58}/"}), reason=TOO_LONG),
    "China": Case(
        grant(),
        f"https://signin.amazonaws.cn/switchrole?account={DESTINATION}&roleName=deploy&displayName=deploy",
        world=World(partition="aws-cn"),
    ),
    "GovCloud": Case(
        grant(),
        f"https://signin.amazonaws-us-gov.com/switchrole?account={DESTINATION}&roleName=deploy&displayName=deploy",
        world=World(partition="aws-us-gov"),
    ),
    "another partition": Case(
        grant(),
        reason="the console of partition aws-iso is not known",
        world=World(partition="aws-iso"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_there_is_a_switch_role_url_or_the_reason_why_not(case: str) -> None:
    tried = CASES[case]
    found = run(access({"deploy": tried.grant}), world=tried.world).outputs
    assert found["switch_role_urls"] == ({"deploy": tried.url} if tried.url else {})
    assert found["switch_role_unavailable"] == ({"deploy": tried.reason} if tried.reason else {})


@pytest.mark.parametrize("case", ["user", "role", "external ID", "another partition"])
def test_a_role_alone_tells_the_same(case: str) -> None:
    tried = CASES[case]
    args = {key: value for key, value in tried.grant.items() if key != "role"}
    found = run(trusted_role(**args, role={"name": "deploy"}), world=tried.world).outputs
    assert (found.get("switch_role_url"), found.get("switch_role_unavailable")) == (
        tried.url,
        tried.reason,
    )


def profile(*lines: str, name: str = "deploy", path: str = "/") -> str:
    arn = role_arn(name, path)
    return "\n".join(
        [f"[profile {name}]", f"role_arn = {arn}", "source_profile = default", *lines, ""]
    )


def command(*words: str, name: str = "deploy", path: str = "/") -> str:
    start = f"aws sts assume-role --role-arn {role_arn(name, path)} --role-session-name {name}"
    return " ".join([start, *words])


SERIAL, ANY_SERIAL = f"arn:aws:iam::{SOURCE}:mfa/alice", "YOUR_MFA_DEVICE_ARN"
LONG, MFA = {"max_session_duration": 7200}, {"mfa": True}

HOW_TO: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing asked": (grant(), profile(), command()),
    "path and name": (
        grant(role={"name": "deployer", "path": "/team/"}),
        profile(name="deployer", path="/team/"),
        command(name="deployer", path="/team/"),
    ),
    "duration": (
        grant(role=LONG),
        profile("duration_seconds = 7200"),
        command("--duration-seconds 7200"),
    ),
    "duration as a float": (
        grant(role={"max_session_duration": 7200.0}),
        profile("duration_seconds = 7200"),
        command("--duration-seconds 7200"),
    ),
    "duration, where a role's session lasts an hour at most": (
        grant(principals=BOTH, role=LONG),
        profile(),
        command(),
    ),
    "external ID": (
        grant(conditions={"external_id": output("partner/7f3a")}),
        profile("external_id = partner/7f3a"),
        command("--external-id partner/7f3a"),
    ),
    "MFA of one user": (
        grant(conditions=MFA),
        profile(f"mfa_serial = {SERIAL}"),
        command(f"--serial-number {SERIAL} --token-code CODE"),
    ),
    "MFA's age": (
        grant(conditions={"mfa_max_age": 60}),
        profile(f"mfa_serial = {SERIAL}"),
        command(f"--serial-number {SERIAL} --token-code CODE"),
    ),
    "MFA of two users": (
        grant(principals=[{"user": "alice"}, {"user": "bob"}], conditions=MFA),
        profile(f"mfa_serial = {ANY_SERIAL}"),
        command(f"--serial-number {ANY_SERIAL} --token-code CODE"),
    ),
    "everything": (
        grant(conditions={"mfa": True, "external_id": "partner-7f3a"}, role=LONG),
        profile("external_id = partner-7f3a", f"mfa_serial = {SERIAL}", "duration_seconds = 7200"),
        command(
            f"--external-id partner-7f3a --serial-number {SERIAL} --token-code CODE "
            "--duration-seconds 7200"
        ),
    ),
}


@pytest.mark.parametrize("case", HOW_TO)
def test_a_profile_and_a_command_tell_how_the_role_is_assumed(case: str) -> None:
    given, expected_profile, expected_command = HOW_TO[case]
    found = run(access({"deploy": given})).outputs
    assert found["cli_profiles"] == {"deploy": expected_profile}
    assert found["assume_role_commands"] == {"deploy": expected_command}


def test_a_role_alone_tells_its_profile_and_command() -> None:
    found = run(trusted_role(role={"name": "deploy", **LONG}, conditions=MFA)).outputs
    assert found["cli_profile"] == profile(f"mfa_serial = {SERIAL}", "duration_seconds = 7200")
    assert found["assume_role_command"] == command(
        f"--serial-number {SERIAL} --token-code CODE --duration-seconds 7200"
    )


def test_a_command_is_safe_in_a_shell() -> None:
    (told,) = (
        run(access({"deploy": grant(role={"path": "/$(id);a'b/"})}))
        .outputs["assume_role_commands"]
        .values()
    )
    words = shlex.split(told)
    assert words[words.index("--role-arn") + 1] == role_arn("deploy", "/$(id);a'b/")
    assert "'" in told


def test_each_grant_has_outputs_of_its_own() -> None:
    grants = {
        "read": grant(),
        "deploy": grant(principals=[{"role": "ci"}], role={"name": "deployer"}),
    }
    found = run(access(grants)).outputs
    assert found["role_arns"] == {"read": role_arn("read"), "deploy": role_arn("deployer")}
    assert found["role_names"] == {"read": "read", "deploy": "deployer"}
    assert found["role_unique_ids"] == {
        "read": World().unique_id("role", "read"),
        "deploy": World().unique_id("role", "deployer"),
    }
    assert found["switch_role_unavailable"] == {"deploy": NO_USER}
    assert set(found["switch_role_urls"]) == {"read"}


@pytest.mark.parametrize(
    ("principals", "longest"),
    [
        ([{"user": "alice"}], 7200),
        (BOTH, 7200),
        ([{"group": "admins"}], 7200),
        ([{"account": SOURCE}], 7200),
        ([{"role": "ci"}], None),
        ([{"session": "ci/build"}], None),
        ([{"permission_set": "PowerUsers"}], None),
    ],
    ids=str,
)
def test_the_longest_session_is_told_and_one_that_nobody_can_have_is_refused(
    principals: list[Any], longest: int | None
) -> None:
    assert run(access({"deploy": grant(principals=principals)})).outputs["longest_sessions"] == {
        "deploy": 3600
    }
    assert run(trusted_role(principals=principals)).outputs["longest_session"] == 3600
    program, alone = (
        access({"deploy": grant(principals=principals, role=LONG)}),
        trusted_role(principals=principals, role=LONG),
    )
    if longest is not None:
        assert run(program).outputs["longest_sessions"] == {"deploy": longest}
        assert run(alone).outputs["longest_session"] == longest
        return
    path, code = "role.max_session_duration", "chained-session-too-long"
    refused_at_once(program, "CrossAccountAccess team", (f"grants.deploy.{path}", code))
    refused_at_once(alone, "TrustedRole reader", (path, code))


def test_a_grant_by_itself_is_as_known_and_as_secret_as_it_is() -> None:
    grants: Any = {
        "deploy": grant(conditions={"external_id": secret("swordfish")}),
        "read": grant(),
        "hand": grant(principals=[{"account": SOURCE}]),
    }

    def program() -> dict[str, Any]:
        args: Any = {
            "source_provider": aws.Provider("source"),
            "destination_provider": aws.Provider("destination"),
        }
        component = CrossAccountAccess("team", args | {"grants": filled(grants)})
        return {name: asdict_shallow(granted) for name, granted in component.granted.items()}

    found, maps = run(program), run(access(grants)).outputs
    assert {
        name: {key for key, value in told.items() if value == SECRET}
        for name, told in found.shown.items()
    } == {
        "deploy": {"cli_profile", "assume_role_command", "documents"},
        "read": set(),
        "hand": set(),
    }
    for name, told in found.outputs.items():
        for output_name, plural in PLURALS.items():
            assert told[output_name] == maps[plural].get(name), output_name


PLURALS = {
    "summary": "summaries",
    "role_arn": "role_arns",
    "role_name": "role_names",
    "role_unique_id": "role_unique_ids",
    "switch_role_url": "switch_role_urls",
    "switch_role_unavailable": "switch_role_unavailable",
    "cli_profile": "cli_profiles",
    "longest_session": "longest_sessions",
    "unattached_policy": "unattached_policies",
    "assume_role_command": "assume_role_commands",
    "documents": "documents",
}


def asdict_shallow(granted: GrantOutputs) -> dict[str, Any]:
    assert {field.name for field in fields(granted)} == set(PLURALS)
    return {name: getattr(granted, name) for name in PLURALS}


def test_the_accounts_are_told() -> None:
    found = run(access({"deploy": grant(principals=[{"arn": ci_arn("ci")}])})).outputs
    assert (found["source_account_id"], found["destination_account_id"]) == (SOURCE, DESTINATION)
