"""Mocks of AWS accounts for a program's tests, and who may assume its roles."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Unpack

import pulumi
from pulumi.runtime import mocks

from cross_account_access.iam.evaluator import Decision, Policy, Request, decide
from cross_account_access.iam.findings import AccountSide

from .call_terms import CallTerms, build_request_context
from .made_outputs import add_outputs
from .mock_account import MockAccount, NoSuchEntityError
from .mocked_iam import UNKNOWN_DOCUMENT, MockedIam, check_known
from .program_run import (
    AWS_PROVIDER,
    LogEngine,
    ProgramMonitor,
    ProgramRun,
    get_provider_name,
    load_program,
    pick_known,
)
from .registrations import Registration, describe_registrations


class AwsMocks(mocks.Mocks):
    """AWS accounts, as `pulumi.runtime.set_mocks` takes them.

    They answer the lookups and note what is made. `run` runs a whole program; then `made` and `get`
    give its resources, and `assert_allows` and `assert_refuses` decide as AWS would whether a
    caller may assume a role: both the caller's policies and the role's trust policy must allow.

    To answer what your program looks up besides, derive a class:

        class Mocks(AwsMocks):
            def call(self, args):
                if args.token == "aws:ec2/getVpc:getVpc":
                    return {"id": "vpc-1"}
                return super().call(args)

    Source: https://www.pulumi.com/docs/iac/guides/testing/unit/
    """

    def __init__(
        self,
        accounts: Mapping[str, MockAccount],
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Prepare the accounts.

        Args:
            accounts: The account of each AWS provider, by the provider's name in the program;
                several providers may be of one account. Add accounts without a provider if callers
                are in them.
            stack_outputs: The outputs of other stacks, for the program's stack references, by
                ORGANIZATION/PROJECT/STACK.
        """
        self.accounts = dict(accounts)
        self.stack_outputs = dict(stack_outputs or {})
        self.log: list[str] = []
        self._made: list[Registration] = []
        self._regions: dict[str, str] = {}
        self._monitor: ProgramMonitor | None = None
        self._has_previewed = False
        self._lock = threading.Lock()

    # --- The program

    def run(
        self,
        program: Callable[[], Any] | str | Path,
        *,
        preview: bool = False,
        config: Mapping[str, str] | None = None,
        project: str = "project",
        stack: str = "stack",
    ) -> dict[str, Any]:
        """Run a program to its end, and note what it makes from the start.

        Args:
            program: A function, the path of the program's file, or of the folder with its
                `__main__.py`.
            preview: Whether it is a preview, in which what AWS would say isn't known.
            config: The stack's config, its keys with their namespace.
            project: The project's name.
            stack: The stack's name.

        Returns:
            The stack's outputs, secrets as plain values. What isn't known is left out.

        Raises:
            Exception: The first error of the program, of an `apply` or of a lookup.
        """
        self._made.clear()
        self.log.clear()
        self._monitor = monitor = ProgramMonitor(self)
        loaded, folder = load_program(program)
        how = ProgramRun(preview, config or {}, project=project, stack=stack, folder=folder)
        try:
            error = how.attempt(loaded, monitor, LogEngine(self.log))
        finally:
            self._monitor = None
        if error is not None:
            raise error
        return pick_known(monitor.outputs)

    def call(self, args: mocks.MockCallArgs) -> Any:
        """Answer a lookup, as Pulumi's mocks do; with a failure for what isn't there.

        Raises:
            LookupError: If it is no lookup of these mocks, or of a provider without an account.
        """
        provider = get_provider_name(args.provider)
        function = args.token.rpartition(":")[2]
        lookups = self._iam.get_lookups(self._get_account(provider, args.token))
        try:
            answer = lookups.answer(function, args.args, self._regions.get(provider, "us-east-1"))
        except NoSuchEntityError as error:
            return {}, [("", str(error))]
        if answer is None:
            raise LookupError(
                f"AwsMocks doesn't answer {args.token}: derive a class whose call() does"
            )
        return answer

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Note what the program makes or reads, as Pulumi's mocks do; return its ID and outputs."""
        if args.typ == "pulumi:pulumi:StackReference":
            return args.resource_id, {**args.inputs, "outputs": self._get_stack_outputs(args)}
        self._has_previewed = is_preview = bool(pulumi.runtime.is_dry_run())
        inputs = pick_known(args.inputs)
        provider = get_provider_name(args.provider or "")
        if args.typ == AWS_PROVIDER:
            self._regions[args.name] = inputs.get("region", "us-east-1")
        account = self.accounts.get(args.name if args.typ == AWS_PROVIDER else provider)
        if args.typ.startswith("aws:iam/"):
            account = self._get_account(provider, f"{args.typ} {args.name}")
        lookups = self._iam.get_lookups(account) if account else None
        physical_id, added = add_outputs(args, inputs, lookups)
        if args.custom is None:  # it is read, not made
            return physical_id, {**inputs, **added}
        made = Registration(
            args.typ,
            args.name,
            account.id if account else "",
            provider,
            inputs,
            self._monitor.parent if self._monitor else None,
            "" if is_preview else physical_id,
            inputs if is_preview else {**inputs, **added},
        )
        with self._lock:
            self._made.append(made)
        # As the inputs came: what is secret in them is so in the outputs.
        return made.id, args.inputs if is_preview else {**added, **args.inputs}

    def _get_stack_outputs(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        stack = args.resource_id or args.name
        if stack in self.stack_outputs:
            return dict(self.stack_outputs[stack])
        raise LookupError(f"AwsMocks has no stack_outputs of {stack}")

    @property
    def _iam(self) -> MockedIam:
        with self._lock:
            return MockedIam(self.accounts, tuple(self._made))

    def _get_account(self, provider: str, what: str) -> MockAccount:
        if found := self.accounts.get(provider or "default"):
            return found
        name = f"provider {provider}" if provider else "a default provider"
        known = ", ".join(self.accounts) or "none"
        raise LookupError(f"{what} is of {name}, which has no account in AwsMocks; given: {known}")

    # --- What it made

    def made(
        self, kind: str, name: str | None = None, account: str | None = None
    ) -> list[Registration]:
        """List what the program made.

        Args:
            kind: The type, such as `aws:iam/role:Role`, or `Role` for short.
            name: The name in the program; all names by default.
            account: The ID of the account or the name of its provider; all accounts by default.
        """
        own_id = self._iam.find_account(account).id if account else None
        return [one for one in self._iam.made if one.matches(kind, name, own_id)]

    def get(self, kind: str, name: str | None = None, account: str | None = None) -> Registration:
        """Get the one resource that `made` lists.

        Raises:
            LookupError: If there is none, or more than one.
        """
        found = self.made(kind, name, account)
        if len(found) == 1:
            return found[0]
        wanted = " ".join(part for part in (kind, name, account and f"in {account}") if part)
        others = describe_registrations(one for one in self._iam.made if one.type != AWS_PROVIDER)
        raise LookupError(f"{len(found)} resources are {wanted}, not one; {others}")

    def trust_policy(self, role: str, account: str | None = None) -> dict[str, Any]:
        """Get a role's trust policy, parsed.

        Args:
            role: The role's name in AWS or in the program, or its ARN.
            account: The ID of the role's account or the name of its provider.

        Raises:
            LookupError: If there is no such role, or more than one.
        """
        return self._iam.find_role(role, account).document

    def source_policies(self, caller: str, account: str | None = None) -> list[dict[str, Any]]:
        """Get the policies that the program gave a caller or its groups, parsed.

        Args:
            caller: A user's name, or as in `assert_allows`.
            account: The ID of the caller's account or the name of its provider.

        Raises:
            LookupError: If there is no such caller.
        """
        ref = self._iam.find_caller(caller, account, "")
        policies, _ = self._iam.get_policies(ref)
        documents = [policy.document for policy in policies]
        return [dict(document) for document in documents if document is not UNKNOWN_DOCUMENT]

    # --- Who gets in

    def assert_allows(
        self,
        caller: str,
        role: str,
        *,
        account: str | None = None,
        caller_account: str | None = None,
        entitled: bool | None = None,
        **terms: Unpack[CallTerms],
    ) -> None:
        """Assert that AWS would let a caller assume a role.

        Args:
            caller: `alice` or `user/alice`, `role/ci` (a session of it), `session/ci/build`,
                `group/admins` (a member), `permission-set/NAME`, `role-pattern/PATTERN` and
                `path/PATH` (a session of some such role), `account/ID` (anyone there), `root/ID`,
                `organization/ID`, `organizational-unit/PATH`, or an ARN. A user, role or group must
                be in its account.
            role: The role's name in AWS or in the program, or its ARN.
            account: The ID of the role's account or the name of its provider; needed where the role
                is in several.
            caller_account: The same of the caller.
            entitled: Whether the caller's own account allows what it needs, whatever the program
                made there. By default so of callers to whom no policy attaches from a program:
                permission sets, roles by a pattern or path, and anyone of an account or
                organization.
            terms: The call, such as `mfa=True`: see `CallTerms`.

        Raises:
            AssertionError: If AWS would refuse, with the half that refuses and why.
            LookupError: If there is no such role or caller, or it depends on a policy attached by
                the program that isn't the program's own.
        """
        decision, what = self._decide(caller, role, account, caller_account, entitled, None, terms)
        if not decision.allowed:
            raise AssertionError(f"{what} is refused: {_describe(decision)}")

    def assert_refuses(
        self,
        caller: str,
        role: str,
        *,
        half: AccountSide | None = None,
        because: str = "",
        account: str | None = None,
        caller_account: str | None = None,
        entitled: bool | None = None,
        **terms: Unpack[CallTerms],
    ) -> None:
        """Assert that AWS would not let a caller assume a role.

        Args:
            caller: See `assert_allows`.
            role: See `assert_allows`.
            half: The half that must refuse: `source`, the caller's policies, or `destination`, the
                role's trust policy. By default any.
            because: What the reason must say, such as `aws:MultiFactorAuthPresent`.
            account: See `assert_allows`.
            caller_account: See `assert_allows`.
            entitled: See `assert_allows`.
            terms: See `assert_allows`.

        Raises:
            AssertionError: If AWS would allow it, or refuse for another reason.
            LookupError: If there is no such role or caller, or it depends on a policy attached by
                the program that isn't the program's own.
        """
        decision, what = self._decide(caller, role, account, caller_account, entitled, half, terms)
        if decision.allowed:
            raise AssertionError(f"{what} is not refused: {decision.reason}")
        if half not in (None, *_list_refusing(decision)):
            raise AssertionError(f"{what} is not refused by the {half}: {_describe(decision)}")
        if because not in decision.reason:
            raise AssertionError(f"{what} is not refused for {because!r}: {_describe(decision)}")

    def _decide(
        self,
        caller: str,
        role: str,
        account: str | None,
        caller_account: str | None,
        entitled: bool | None,
        half: AccountSide | None,
        terms: Mapping[str, Any],
    ) -> tuple[Decision, str]:
        """Decide each action of the call; return the first refusal, and what was decided."""
        if self._has_previewed:
            raise LookupError("a preview makes no roles and policies: run without preview=True")
        iam, request = self._iam, build_request_context(terms)
        target = iam.find_role(role, account)
        ref = iam.find_caller(caller, caller_account, target.account)
        calling = iam.build_caller(ref, target.arn, entitled=entitled)
        request = ref.add_organization(request)
        keys = request.build_condition_keys(calling, account=target.account, tags={})
        trust = Policy("trust policy", target.document)
        decisions = [
            decide(calling, Request(action, target.arn, keys), trust) for action in request.actions
        ]
        refusals = [one for one in decisions if not one.allowed]
        what = f"{ref.display_name_with_account} assuming {target.arn}"
        decision = next(iter(refusals), decisions[0])
        if entitled is None and (half == "source" or _list_refusing(decision) == ["source"]):
            check_known(calling, decision)
        return decision, what


def _list_refusing(decision: Decision) -> list[AccountSide]:
    refusing = {finding.half for finding in decision.findings if finding.kind != "allow"}
    return [half for half in ("source", "destination") if half in refusing]


def _describe(decision: Decision) -> str:
    return f"{' and '.join(_list_refusing(decision))}: {decision.reason}"
