"""The proof notices whatever lets in too many, or too few."""

from __future__ import annotations

import json
from copy import deepcopy
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from botocore.exceptions import ClientError

import stack_config
from sandbox.aws import sts
from sandbox.aws.query_protocol import AwsError
from sandbox.aws.server import client
from sandbox.proof.access_proof import prove
from sandbox.proof.other_side import allow_principals, make_roles
from sandbox.proof.people import make_people
from sandbox.proof.report import make_console, print_proof
from sandbox.proof.role_attempts import ProofAttempt
from tests.sandbox.commands import DESTINATION, SOURCE, connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_iam import IAMClient

    from cross_account_access.config.settings import Settings
    from sandbox.aws.server import Sandbox
    from sandbox.proof.people import People

GRANTS = {
    "deploy": {"principals": [{"role": "team/ci"}]},
    "read": {"principals": [{"user": "alice"}, {"user": "bob"}], "conditions": {"mfa": True}},
    "audit": {
        "principals": [{"user": "partners/auditor"}],
        "role": {"path": "/audit/", "name": "Audit", "maxSessionDuration": 7200},
        "conditions": {"externalId": "partner-7f3a"},
    },
    "operate": {
        "principals": [
            {"user": "carol", "conditions": {"mfa": True}},
            {"user": "dave", "conditions": {"externalId": "on-call-1"}},
            {"role": "team/ci"},
        ]
    },
    "teams": {"principals": [{"rolePattern": "team-*"}]},
    "support": {
        "principals": [
            {"user": "erin", "conditions": {"externalId": "customer-1"}},
            {"user": "frank", "conditions": {"externalId": "customer-2"}},
        ]
    },
}
PATTERN = sha256(b"team-*").hexdigest()[:8]
ROLES = {name: name for name in GRANTS} | {"audit": "audit/Audit"}


class Halves:
    """Both halves of the grants, made without Pulumi, and hands to break them with."""

    def __init__(self, accounts: Sandbox) -> None:
        self.accounts = accounts
        self._endpoint = accounts.endpoint
        self.settings = self.check(side="both")
        self.role_arns = {
            name: f"arn:aws:iam::{DESTINATION}:role/{role}" for name, role in ROLES.items()
        }

    def check(self, **config: str) -> Settings:
        """The settings of a stack of these grants."""
        return stack_config.check(
            {
                "source": connection(SOURCE, self._endpoint),
                "destination": connection(DESTINATION, self._endpoint),
                "grants": GRANTS,
                **config,
            }
        )

    @property
    def source(self) -> IAMClient:
        return client("iam", self._endpoint, account=SOURCE)

    @property
    def destination(self) -> IAMClient:
        return client("iam", self._endpoint, account=DESTINATION)

    def trust(self, role: str, change: Callable[[Any], object]) -> None:
        """Change the one statement of a role's trust policy."""
        document: Any = self.destination.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        change(document["Statement"][0])
        self.destination.update_assume_role_policy(
            RoleName=role, PolicyDocument=json.dumps(document)
        )

    def trust_more(self, role: str, principal: dict[str, str], **more: object) -> None:
        """Add a statement to a role's trust policy."""
        document: Any = self.destination.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document["Statement"].append(statement | more)
        self.destination.update_assume_role_policy(
            RoleName=role, PolicyDocument=json.dumps(document)
        )

    def prove_broken(self, spoil: Callable[[Halves], object], people: People) -> list[ProofAttempt]:
        """The proof of what a change made of the halves, which then are as they were before."""
        saved = deepcopy({one: vars(iam) for one, iam in self._list_accounts()})
        spoil(self)
        try:
            return prove(self._endpoint, self.settings, self.role_arns, people)
        finally:
            for account, iam in self._list_accounts():
                vars(iam).update(saved[account])

    def _list_accounts(self) -> list[tuple[str, Any]]:
        return list(self.accounts._state.accounts.list_used())


@pytest.fixture(scope="module")
def halves(running: Sandbox) -> Halves:
    return Halves(running)


@pytest.fixture(scope="module")
def people(halves: Halves, running: Sandbox) -> Iterator[People]:
    running.reset()
    with make_people(running.endpoint, halves.settings, keep=False) as everybody:
        make_roles(running.endpoint, halves.check(side="source"))
        allow_principals(running.endpoint, halves.check(side="destination"), halves.role_arns)
        yield everybody


def test_what_was_made_as_the_stack_says_holds(halves: Halves, people: People) -> None:
    proof = halves.prove_broken(lambda _: None, people)
    assert [attempt for attempt in proof if not attempt.holds] == []
    assert len(proof) == 6 + 4 + 6 + 15 + 15 + 8


def mfa(statement: dict[str, Any]) -> None:
    statement["Condition"] = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}


def widen(statement: dict[str, Any], pattern: str, account: str = SOURCE) -> None:
    arn = f"arn:aws:iam::{account}:role/{pattern}"
    statement["Principal"] = {"AWS": account}
    statement["Condition"] = {"ArnLike": {"aws:PrincipalArn": arn}}


def deny(halves: Halves) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}],
    }
    halves.source.put_user_policy(
        UserName="bob", PolicyName="deny", PolicyDocument=json.dumps(document)
    )


OUTSIDERS = (
    "sandbox-outsider: untrusted, same account",
    "sandbox-stranger: untrusted, another account",
)
SPOILT: dict[str, tuple[Callable[[Halves], object], list[str]]] = {
    "a trust of the whole account": (
        lambda halves: halves.trust(
            "deploy", lambda found: found.update(Principal={"AWS": SOURCE})
        ),
        [f"deploy, {OUTSIDERS[0]}"],
    ),
    "a trust of everybody": (
        lambda halves: halves.trust("deploy", lambda found: found.update(Principal={"AWS": "*"})),
        [f"deploy, {outsider}" for outsider in OUTSIDERS],
    ),
    "a trust of somebody else": (
        lambda halves: halves.trust(
            "read", lambda found: found.update(Principal={"AWS": f"arn:aws:iam::{SOURCE}:user/bob"})
        ),
        ["read, alice: assumes the role"],
    ),
    "a forgotten external ID": (
        lambda halves: halves.trust("Audit", lambda found: found.pop("Condition")),
        ["audit, auditor: no external ID", "audit, auditor: wrong external ID"],
    ),
    "an external ID by pattern": (
        lambda halves: halves.trust(
            "Audit",
            lambda found: found.update(Condition={"StringLike": {"sts:ExternalId": "partner-*"}}),
        ),
        ["audit, auditor: wrong external ID"],
    ),
    "another external ID": (
        lambda halves: halves.trust(
            "Audit",
            lambda found: found.update(
                Condition={"StringEquals": {"sts:ExternalId": "partner-7f3a-wrong"}}
            ),
        ),
        ["audit, auditor: assumes the role", "audit, auditor: wrong external ID"],
    ),
    "a forgotten MFA": (
        lambda halves: halves.trust("read", lambda found: found.pop("Condition")),
        ["read, alice: no MFA"],
    ),
    "an MFA that long-term keys pass": (
        lambda halves: halves.trust("read", mfa),
        ["read, alice: no MFA"],
    ),
    "a longer session": (
        lambda halves: halves.destination.update_role(RoleName="Audit", MaxSessionDuration=7201),
        ["audit, auditor: session too long"],
    ),
    "a role that is gone": (
        lambda halves: halves.destination.delete_role(RoleName="deploy"),
        ["deploy, ci/sandbox: assumes the role"],
    ),
    "a principal that may not": (
        lambda halves: halves.source.detach_user_policy(
            UserName="alice", PolicyArn=f"arn:aws:iam::{SOURCE}:policy/sandbox-1-user-alice"
        ),
        ["read, alice: assumes the role"],
    ),
    "the account trusted beside one of its users": (
        lambda halves: halves.trust_more("operate", {"AWS": SOURCE}),
        [
            "operate, sandbox-outsider: untrusted, same account",
            "operate, carol: no MFA",
            "operate, carol: no MFA, otherwise like dave",
            "operate, carol: no MFA, otherwise like team/ci",
            "operate, dave: no external ID, otherwise like carol",
            "operate, dave: wrong external ID, otherwise like carol",
            "operate, dave: no external ID",
            "operate, dave: wrong external ID",
            "operate, dave: no external ID, otherwise like team/ci",
            "operate, dave: wrong external ID, otherwise like team/ci",
        ],
    ),
    "the account trusted under the external ID of one of its users": (
        lambda halves: halves.trust_more(
            "operate", {"AWS": SOURCE}, Condition={"StringEquals": {"sts:ExternalId": "on-call-1"}}
        ),
        ["operate, carol: no MFA, otherwise like dave"],
    ),
    "a pattern that is wider": (
        lambda halves: halves.trust("teams", lambda found: widen(found, "*team-*")),
        [f"teams, in-team-{PATTERN}-inside/sandbox: the pattern inside"],
    ),
    "a pattern of every role": (
        lambda halves: halves.trust("teams", lambda found: widen(found, "*")),
        [
            f"teams, near-{PATTERN}/sandbox: a role that doesn't match",
            f"teams, in-team-{PATTERN}-inside/sandbox: the pattern inside",
        ],
    ),
    "a forgotten pattern": (
        lambda halves: halves.trust("teams", lambda found: found.pop("Condition")),
        [
            "teams, sandbox-outsider: untrusted, same account",
            f"teams, near-{PATTERN}/sandbox: a role that doesn't match",
            f"teams, in-team-{PATTERN}-inside/sandbox: the pattern inside",
            f"teams, team-{PATTERN}-sandbox: a user, not a role",
        ],
    ),
    "a pattern in any account": (
        lambda halves: halves.trust("teams", lambda found: widen(found, "team-*", account="*")),
        [f"teams, team-{PATTERN}-sandbox/sandbox: a matching role, another account"],
    ),
    "two customers under either's external ID": (
        lambda halves: halves.trust_more(
            "support",
            {"AWS": f"arn:aws:iam::{SOURCE}:user/erin"},
            Condition={"StringEquals": {"sts:ExternalId": ["customer-1", "customer-2"]}},
        ),
        ["support, erin: the external ID of frank"],
    ),
    "a principal that is denied it": (deny, ["read, bob: assumes the role"]),
}


@pytest.mark.parametrize(("spoil", "noticed"), SPOILT.values(), ids=SPOILT)
def test_what_was_not_made_as_the_stack_says_is_noticed(
    spoil: Callable[[Halves], object], noticed: list[str], halves: Halves, people: People
) -> None:
    proof = halves.prove_broken(spoil, people)
    wrong = [attempt for attempt in proof if not attempt.holds]
    assert [f"{one.grant}, {name_of(one)}: {one.attempt}" for one in wrong] == noticed


@pytest.mark.parametrize(
    "code", ["InternalFailure", "ExpiredToken", "InvalidClientTokenId", "NotImplemented"]
)
def test_an_error_that_decides_nothing_is_no_refusal(
    code: str, halves: Halves, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> NoReturn:
        raise AwsError(code, "something else")

    monkeypatch.setitem(sts._HANDLERS, "AssumeRole", fail)
    with pytest.raises(ClientError, match=code):
        halves.prove_broken(lambda _: None, people)


def name_of(attempt: ProofAttempt) -> str:
    """The caller's name: of a session the role's and its own."""
    return (
        attempt.caller.rpartition(":assumed-role/")[2]
        if ":sts:" in attempt.caller
        else attempt.caller.split("/")[-1]
    )


@pytest.mark.parametrize(("columns", "width"), [(None, 100), ("60", 60), ("nonsense", 100)])
def test_the_tables_are_as_wide_as_columns_says(
    columns: str | None,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    caller = f"arn:aws:iam::{SOURCE}:user/bob"
    attempt = ProofAttempt("read", caller, "no MFA", "refused", "allowed", "word " * 40)
    print_proof(make_console(), [attempt])
    lines = capsys.readouterr().out.splitlines()
    assert width - 5 <= max(map(len, lines)) <= width
    assert "expected refused" in " ".join(" ".join(lines).split())
