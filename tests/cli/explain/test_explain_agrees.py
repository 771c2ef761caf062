"""`explain` and the emulated AWS agree: on every grant of the examples, caller and call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from botocore.exceptions import ClientError

from cross_account_access.cli.aws_access import AwsAccess
from cross_account_access.cli.explain.decision_inputs import (
    build_entitled_caller,
    read_documented_caller,
    read_documented_role,
    read_live_caller,
    read_live_role,
)
from cross_account_access.cli.explain.explanation import Question
from cross_account_access.cli.explain.principal_argument import parse_principal
from cross_account_access.config.settings import NAMESPACE, Settings
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.request_context import RequestContext
from cross_account_access.grants.trust import get_effective_conditions
from sandbox.deploy.stack import load
from sandbox.proof.circumstances import Circumstances, list_allowed, list_unmet, meet_conditions
from tests.cli.conftest import Stage, deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cross_account_access.cli.explain.decision_inputs import CallerWithPolicies
    from sandbox.aws.server import Sandbox
    from sandbox.proof.person import Person

ROOT = Path(__file__).parents[3]
PEER = "127.0.0.1"
PARAMETERS = {
    "ExternalId": "external_id",
    "RoleSessionName": "session_name",
    "SourceIdentity": "source_identity",
    "DurationSeconds": "duration",
}
TOO_LONG = 43200


@pytest.fixture(scope="module", params=["principals", "conditions"])
def stage(
    request: pytest.FixtureRequest, accounts: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    file = ROOT / "examples" / "grants" / f"Pulumi.{request.param}.yaml"
    grants = yaml.safe_load(file.read_text(encoding="utf-8"))["config"][f"{NAMESPACE}:grants"]
    with pytest.MonkeyPatch.context() as patch:
        for deployed in deploy(accounts, tmp_path_factory.mktemp(request.param), grants=grants):
            for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL"):
                patch.setenv(name, deployed.environment[name])
            yield deployed


def asked(stage: Stage, caller: Person, circumstances: Circumstances) -> RequestContext:
    """The same circumstances as the command's options tell them."""
    given = dict(circumstances.parameters)
    headers = {name.lower(): text for name, text in circumstances.headers.items()}
    front = stage.sandbox._get_app()
    organization = front.state.organizations.get(caller.arn.split(":")[4])
    tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags") or []}
    providers = tuple(one["ProviderArn"] for one in given.get("ProvidedContexts") or ())
    return RequestContext(
        at=datetime.now(UTC),
        mfa_age=0 if "SerialNumber" in given else None,
        source_ip=headers.get("x-sandbox-source-ip", PEER),
        source_vpc=headers.get("x-sandbox-source-vpc"),
        source_vpce=headers.get("x-sandbox-source-vpce"),
        session_tags=tags,
        transitive_tag_keys=tuple(given.get("TransitiveTagKeys") or ()),
        more={"sts:RequestContextProviders": providers} if providers else {},
        organization=organization.id if organization else None,
        organization_path=organization.path if organization else None,
        **{name: given[parameter] for parameter, name in PARAMETERS.items() if parameter in given},
    )


def observed(caller: Person, role: str, circumstances: Circumstances) -> tuple[bool, str | None]:
    """Whether the emulated STS gives the role, and which half it says refuses."""

    def come_from(request: Any, **_: object) -> None:
        for header, text in circumstances.headers.items():
            request.headers[header] = text

    events = caller.sts.meta.events
    events.register("before-send.sts.AssumeRole", come_from)
    try:
        caller.sts.assume_role(RoleArn=role, **circumstances.parameters)
    except ClientError as error:
        return False, error.response["ResponseMetadata"]["HTTPHeaders"].get("x-sandbox-half")
    finally:
        events.unregister("before-send.sts.AssumeRole", come_from)
    return True, None


@cache
def access(_: Path, profile: str) -> AwsAccess:
    """Credentials whose clients are made once: that takes longer than all that is asked of them."""
    return AwsAccess(profile)


@cache
def settings(folder: Path) -> Settings:
    return load(folder, "dev").settings


def circumstances_of(stage: Stage, grant: str, caller: Person) -> list[tuple[str, Circumstances]]:
    """Each principal's conditions met, and each of them unmet; and a session that is too long."""
    model = settings(stage.folder).grants[grant]
    found = {"plainly": Circumstances(), "too long": Circumstances().but(DurationSeconds=TOO_LONG)}
    for principal in model.principals:
        conditions = get_effective_conditions(principal, model.conditions)
        met = meet_conditions(conditions, caller.name, caller.mfa_parameters())
        found[f"as {principal.display_name}"] = met
        found[f"too long as {principal.display_name}"] = met.but(DurationSeconds=TOO_LONG)
        found |= {
            f"{what} as {principal.display_name}": circumstances
            for list_more in (list_allowed, list_unmet)
            for what, circumstances in list_more(conditions, met)
        }
    return list(
        {
            repr(circumstances): (what, circumstances) for what, circumstances in found.items()
        }.values()
    )


def everybody(stage: Stage) -> list[Person]:
    people = stage.everybody
    return [
        *people.callers.values(),
        *people.outsiders.values(),
        *people.nobodies.values(),
        *people.excluded.values(),
        people.stranger,
    ]


def live(stage: Stage, caller: Person, documents: GrantDocuments) -> CallerWithPolicies:
    stranger = caller.arn.split(":")[4] != documents.source_account_id
    # The stranger's account is another one, with credentials of its own.
    profile = "elsewhere" if stranger else "source"
    return read_live_caller(parse_principal(caller.arn, documents), access(stage.folder, profile))


def differ(
    stage: Stage, grant: str, caller: Person, question: Question
) -> Iterator[tuple[bool, str]]:
    """For each call: whether AWS allows it, and how `explain` differs, empty if it doesn't."""
    for what, circumstances in circumstances_of(stage, grant, caller):
        allowed, half = observed(caller, question.role.arn, circumstances)
        answer = replace(question, request=asked(stage, caller, circumstances)).explain()
        same = (allowed, half or answer.half) == (answer.allowed, answer.half)
        reasons = [answer.half, *(reason.text for reason in answer.reasons)]
        yield allowed, "" if same else repr([grant, caller.arn, what, allowed, half, reasons])


def test_the_answers_are_the_same_as_those_of_aws(stage: Stage) -> None:
    stage.profile(
        "elsewhere", {"aws_access_key_id": "999999999999", "aws_secret_access_key": "sandbox"}
    )
    results: list[tuple[bool, str]] = []
    principals: dict[str, CallerWithPolicies] = {}
    now = RequestContext(datetime.now(UTC))
    for name, outputs in stage.grants.items():
        documents = GrantDocuments.model_validate_json(outputs["documents"])
        role = read_live_role(documents.role.arn, access(stage.folder, "destination"))
        for caller in everybody(stage):
            if caller.arn not in principals:
                principals[caller.arn] = live(stage, caller, documents)
            who = parse_principal(caller.arn, documents)
            question = Question(who, principals[caller.arn], role, now, documents)
            results += differ(stage, name, caller, question)
    assert [difference for _, difference in results if difference] == []
    answers = [allowed for allowed, _ in results]
    assert answers.count(True) >= 10
    assert answers.count(False) >= 200


def test_the_stacks_documents_give_the_same_answers(stage: Stage) -> None:
    """For callers with a policy of the stack, and for those whose account allows the role."""
    results: list[tuple[bool, str]] = []
    now = RequestContext(datetime.now(UTC))
    for name, outputs in stage.grants.items():
        documents = GrantDocuments.model_validate_json(outputs["documents"])
        role = read_documented_role(documents)
        for key, caller in stage.everybody.callers.items():
            is_member = key.startswith("group-")
            text = f"group/{key.partition('-')[2]}" if is_member else caller.arn
            if key.startswith(("roles-", "path-")):  # a session's ARN lacks its role's path
                text = stage.source.get_role(RoleName=caller.name)["Role"]["Arn"]
            who = parse_principal(text, documents)
            principal = (
                build_entitled_caller(who, role.arn, documents)
                if handed_out(key)
                else read_documented_caller(who, documents, entitled=False)
            )
            tags = {"team": "platform"} if name == "principal-tags" else {}
            tagged = replace(principal, tags=tags)
            in_source = documents.source_account_id == principal.caller.account
            if in_source and principal.has_known_policies:
                question = Question(who, tagged, role, now, documents)
                results += differ(stage, name, caller, question)
    assert results
    assert [difference for _, difference in results if difference] == []


def handed_out(key: str) -> bool:
    return key.startswith(("account-", "permission-set-", "roles-", "path-", "organization"))
