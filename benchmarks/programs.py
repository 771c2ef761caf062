"""The programs that are compared: the component, and the same resources written flat."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
from pulumi.runtime import mocks, set_all_config, settings, stack

from cross_account_access import CrossAccountAccess
from cross_account_access.grants import policies
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from cross_account_access.grants.trust import build_trust_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    Providers = Callable[[str], aws.Provider]
    Program = Callable[[], None]

SOURCE, DESTINATION = "111111111111", "222222222222"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
GRANTS_OF_A_USER = 10


def users(count: int) -> list[str]:
    """The users that so many grants are for."""
    return [f"user-{number}" for number in range(-(-count // GRANTS_OF_A_USER))]


def grants(count: int) -> dict[str, Any]:
    """Grants of the common kind: a role with a managed policy, for a user with MFA; ten of them
    for each user.
    """
    return {
        f"grant-{number}": {
            "principals": [{"user": f"user-{number // GRANTS_OF_A_USER}"}],
            "role": {"managed_policies": ["ReadOnlyAccess"]},
            "conditions": {"mfa": True},
        }
        for number in range(count)
    }


def component(count: int, provider: Providers) -> Program:
    """The component."""
    given = grants(count)

    def program() -> None:
        args: Any = {
            "source_provider": provider("source"),
            "destination_provider": provider("destination"),
        }
        args["grants"] = given
        CrossAccountAccess("team", args)

    return program


@dataclass(frozen=True)
class Flat:
    """The same as plain resources, every document made beforehand.

    Attributes:
        trusts: Each role's trust policy. allowed: The source's policies, each with its user: one
        for each grant, or packed as the component packs them. nested: Whether each role and each
        user's policy stand in an empty component resource, as the component's do.
    """

    trusts: dict[str, str]
    allowed: dict[str, tuple[str, str]]
    nested: bool = False

    @classmethod
    def of(
        cls, count: int, *, source: str, destination: str, packed: bool = True, nested: bool = False
    ) -> Flat:
        trusts: dict[str, str] = {}
        roles: dict[str, tuple[str, list[policies.AssumableRole]]] = {}
        for name, grant in grants(count).items():
            model = read_model(GrantModel, grant)
            trusts[name] = build_trust_policy(model.principals, model.conditions, "aws", source)
            reach = policies.AssumableRole(model.role_arn(name, "aws", destination))
            user = grant["principals"][0]["user"]
            roles.setdefault(user if packed else name, (user, []))[1].append(reach)
        allowed = {
            name: (user, policies.build_assume_role_policy(reached))
            for name, (user, reached) in roles.items()
        }
        return cls(trusts, allowed, nested)

    def program(self, provider: Providers) -> Program:
        """The Pulumi program."""

        def run() -> None:
            source, destination = provider("source"), provider("destination")
            for name, document in self.trusts.items():
                options = self._options(name, "TrustedRole", destination)
                role = aws.iam.Role(name, name=name, assume_role_policy=document, opts=options)
                aws.iam.RolePolicyAttachment(
                    name, role=role.name, policy_arn=READ_ONLY, opts=options
                )
            for name, (user, document) in self.allowed.items():
                options = self._options(name, "AssumeRoleGrant", source)
                policy = aws.iam.Policy(name, policy=document, opts=options)
                aws.iam.UserPolicyAttachment(name, user=user, policy_arn=policy.arn, opts=options)

        return run

    def _options(self, name: str, kind: str, provider: aws.Provider) -> pulumi.ResourceOptions:
        if not self.nested:
            return pulumi.ResourceOptions(provider=provider)
        parent = pulumi.ComponentResource(f"benchmark:index:{kind}", name)
        parent.register_outputs({})
        return pulumi.ResourceOptions(provider=provider, parent=parent)


# --- Under mocks ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What a program took and asked for.

    Attributes:
        seconds: The time of all its threads on the processor.
        made: How many resources of each kind it registered: `aws`, `component`, `provider`.
        calls: How many lookups of each kind it made.
        outputs: How many Outputs it made, where they were counted.
    """

    seconds: float
    made: Counter[str]
    calls: Counter[str]
    outputs: int = 0


class _CountedOutputs(set[Any]):
    """The runtime's outstanding Outputs, counted: one that is put back counts once."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: weakref.WeakSet[Any] = weakref.WeakSet()
        self.count = 0

    def add(self, output: Any) -> None:
        if output not in self._seen:
            self._seen.add(output)
            self.count += 1
        super().add(output)


class _Accounts(mocks.Mocks):
    """Two accounts whose answers cost next to nothing."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.calls[args.token.rpartition(":")[2]] += 1
        if args.token.endswith("getCallerIdentity"):
            account = DESTINATION if "::destination::" in args.provider else SOURCE
            arn = f"arn:aws:sts::{account}:assumed-role/administrator/pulumi"
            return {
                "accountId": account,
                "arn": arn,
                "userId": "AROAADMINISTRATOR:pulumi",
                "id": account,
            }
        name = args.args["userName"]
        user_id = f"AIDA{name.upper().replace('-', ''):X<16}"
        return {
            "userName": name,
            "arn": f"arn:aws:iam::{SOURCE}:user/{name}",
            "userId": user_id,
            "id": name,
        }

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        kind = args.typ.partition(":")[0] if args.typ.startswith("aws:") else "component"
        self.made["provider" if args.typ.startswith("pulumi:providers:") else kind] += 1
        outputs = dict(args.inputs)
        if args.typ == "aws:iam/role:Role":
            arn = f"arn:aws:iam::{DESTINATION}:role/{args.inputs['name']}"
            outputs |= {"arn": arn, "uniqueId": "AROA0123456789ABCDEF"}
        elif args.typ == "aws:iam/policy:Policy":
            outputs["arn"] = f"arn:aws:iam::{SOURCE}:policy/{args.name}"
        return f"{args.name}-id", outputs


def mocked(name: str) -> aws.Provider:
    """A provider for a run under mocks."""
    return aws.Provider(name, region="us-east-1")


def run(program: Program, *, count_outputs: bool = False) -> Run:
    """Run a program under Pulumi's mocks."""
    outputs: Any = _CountedOutputs() if count_outputs else set()
    accounts = _Accounts()
    monitor = mocks.MockMonitor(accounts)

    def in_thread() -> None:
        # The Pulumi runtime keeps its settings in context variables: a thread has its own.
        runtime = mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
            engine=mocks.MockEngine(None),
            project="benchmark",
            stack="benchmark",
            dry_run=False,
            organization="organization",
            callbacks=None,
            outputs=outputs,
            lock=threading.Lock(),
        )
        settings.configure(runtime)
        set_all_config({}, [])
        asyncio.run(stack.run_in_stack(program))

    gc.collect()
    before = time.process_time()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(in_thread).result()
    seconds = time.process_time() - before
    return Run(seconds, accounts.made, accounts.calls, outputs.count if count_outputs else 0)
