"""The README of a handoff: what the other account's owner is asked to deploy, in plain words."""

from collections.abc import Iterator, Mapping
from typing import Any

from cross_account_access.grants.conditions import ASSUME_ROLE
from cross_account_access.grants.documents import SourceHalf
from cross_account_access.grants.generated_policies import find_issued_after
from cross_account_access.grants.principal_kinds import MANY_ROLES, TRAITS, PrincipalKind
from cross_account_access.iam.condition_words import describe_conditions
from cross_account_access.iam.policy_document import list_principals, list_statements, list_values
from cross_account_access.text_format import format_duration

from .aws_cli_script import list_undo_commands, render_command
from .handoff_half import HandoffHalf, UnattachedPolicy
from .markdown_text import quote_code, quote_plain
from .shell_text import join_words

_WIDE: frozenset[PrincipalKind] = frozenset(
    {"account", "group", "organization", "organizational_unit", *MANY_ROLES}
)
_DEFAULT_SESSION = 3600

_DEPLOY = """\
## How to deploy it

Choose one of these. Each is complete, and needs credentials of account {account}. Run the commands
of this page in this folder.

**AWS CLI.** The script checks the account first, and can be run again.

```sh
sh commands.sh
```

**CloudFormation.** If an earlier handoff's stack is in another Region, name that one.

```sh
{deploy}
```

**Terraform**, with version 5.0 or later of the AWS provider.

```sh
terraform init
terraform apply
```
"""

_UNDO = """\
## How to undo it

After `sh commands.sh`:

```sh
{commands}
```

After CloudFormation, in the stack's Region; elsewhere the command succeeds and deletes nothing:

```sh
{delete}
```

After Terraform:

```sh
terraform destroy
```
"""

_ATTACH_TO_ROLES = "attach {file} as a policy to each of these roles that needs access"
_ATTACH = "attach {file} as a policy to each user, group or role that needs access"


def render_readme(half: HandoffHalf) -> str:
    """Render the README."""
    describe = _describe_source if half.side == "source" else _describe_destination
    return "\n".join([*describe(half), *_render_steps(half)])


# --- The destination ------------------------------------------------------------------------------


def _describe_destination(half: HandoffHalf) -> Iterator[str]:
    documents, role = half.documents, half.documents.role
    account, others = quote_plain(half.account), _name_others(half)
    asks = "ask" if len(half.other_accounts) > 1 else "asks"
    yield f"# A role in account {account} for {others}\n"
    yield (
        f"You administer account {account}. {others.capitalize()} {asks} you to create the IAM "
        f"role {quote_code(role.name)}, which only the principals below can assume. This folder "
        "has all that you need.\n"
    )
    yield "## Who can assume the role\n"
    for principal in documents.principals:
        several = len(half.other_accounts) > 1
        of_account = documents.get_account(principal) if several else None
        yield f"- {_describe_principal(principal, of_account)}"
    if role.self_assuming:
        yield "- the role itself: its sessions can assume it again"
    yield ""
    yield from _list_conditions(role.trust_policy)
    yield "## What the role allows\n"
    yield from (f"- the managed policy {quote_code(arn)}" for arn in role.managed_policies)
    yield from (f"- the inline policy in {quote_code(file)}" for file in half.inline_files.values())
    if not role.managed_policies and not role.inline_policies:
        yield "- nothing yet: the role has no permissions policies"
    if ended := find_issued_after(role.inline_policies):
        yield f"- nothing for sessions issued before {quote_code(ended)}, which are ended"
    if role.permissions_boundary:
        boundary = quote_code(role.permissions_boundary)
        yield f"- at most what the permissions boundary {boundary} allows"
    session = format_duration(role.max_session_duration or _DEFAULT_SESSION)
    yield f"\nA session lasts at most {session}; then the caller must assume the role again.\n"
    yield "## What this means\n"
    yield (
        f"- The role is {quote_code(role.arn)}. You own it: whatever its sessions do, they do in "
        "your account, and your CloudTrail logs it."
    )
    yield from _describe_effects(half)
    yield ""


def _describe_effects(half: HandoffHalf) -> Iterator[str]:
    """Describe what only some trust policies bring."""
    yield _both_halves(half)
    trusted = [
        name
        for statement in list_statements(half.documents.role.trust_policy)
        for name in list_principals(statement.get("Principal"))
    ]
    if any(not name.endswith(":root") and name != "*" for name in trusted):
        yield (
            "- AWS refuses to create the role while a user or role that the trust policy names "
            "doesn't exist."
        )
    for needed in half.needed_quotas:
        yield f"- AWS must have raised a quota of your account: {needed}."
    if any(principal.kind in _WIDE for principal in half.documents.principals):
        yield (
            "- The trust policy names more than single identities: the policies of their own "
            "account decide which of them can assume the role."
        )
    if any(principal.excluded for principal in half.documents.principals):
        yield (
            "- Whoever is excluded is denied by the trust policy, also where it is a principal "
            "otherwise. For a name that is every user and role so named, at whatever path; upper "
            "and lower case count."
        )
    if half.has_external_id:
        yield (
            "- The external ID must stay between the two of you. It is in `trust-policy.json`, "
            "`template.yaml` and `main.tf`, and could be guessed from their digests in "
            "`handoff.json`: don't publish these files."
        )


def _list_conditions(trust: Mapping[str, Any]) -> Iterator[str]:
    statements = [one for one in list_statements(trust) if one["Effect"] == "Allow"]
    listed = [
        [f"- {one.full}" for one in describe_conditions(statement.get("Condition", {}), quote_code)]
        for statement in statements
    ]
    if not any(listed):
        yield "There are no conditions.\n"
    elif len(listed) == 1:
        yield "All of these conditions must be met:\n"
        yield from listed[0]
        yield ""
    else:
        yield (
            "Each statement of `trust-policy.json` has its own conditions, all of which must be "
            "met:\n"
        )
        for statement, conditions in zip(statements, listed, strict=True):
            names = ", ".join(map(quote_code, list_principals(statement.get("Principal"))))
            actions = list_values(statement.get("Action", []))
            if ASSUME_ROLE not in actions:  # alone it lets nobody in
                names += f", only for {' and '.join(map(quote_code, actions))} in such a call"
            yield f"- {names}" + (":" if conditions else ", without conditions")
            yield from (f"  {condition}" for condition in conditions)
        yield ""


# --- The source -----------------------------------------------------------------------------------


def _describe_source(half: HandoffHalf) -> Iterator[str]:
    documents, role = half.documents, half.documents.role
    account, other_account = map(quote_plain, (half.account, *half.other_accounts))
    yield f"# Permission in account {account} to assume a role of {other_account}\n"
    yield (
        f"You administer account {account}. Account {other_account} has the IAM role "
        f"{quote_code(role.arn)} for the principals below, and asks you to allow them to assume "
        "it. This folder has all that you need.\n"
    )
    yield "## Who gets which policy\n"
    for policy in half.attached:
        yield (
            f"- {policy.kind} {quote_code(policy.holder)}: the managed policy "
            f"{quote_code(policy.name)}, with the document {quote_code(policy.file)}"
        )
    yield from (_describe_unattached(policy, half) for policy in half.unattached)
    yield "\n## What this means\n"
    yield (
        "- Each policy allows its principal to assume this one role (with session tags or a source "
        "identity where the document says so), and nothing else. Account "
        f"{other_account} decides what the role allows."
    )
    if groups := [quote_code(policy.holder) for policy in half.attached if policy.kind == "group"]:
        yield f"- Users that you add to the group {', '.join(groups)} get the permission too."
    if any(principal.kind == "session" for principal in documents.principals):
        yield (
            "- A session has no policies of its own: its role gets the policy, and the other "
            "account trusts that session only."
        )
    yield _both_halves(half)
    yield ""


def _describe_unattached(policy: UnattachedPolicy, half: HandoffHalf) -> str:
    """Describe where a policy goes that can't be attached to an IAM entity from here."""
    account, file = quote_plain(half.account), quote_code(policy.file)
    attach = _ATTACH.format(file=file)
    match policy.principal.kind:
        case "permission_set":
            where = (
                f"in IAM Identity Center, add the statement of {file} to the permission "
                f"set's inline policy, and provision it to account {account} again"
            )
        case "account":
            where = f"in account {account}, {attach}"
        case "role_pattern" | "path":
            where = f"in account {account}, {_ATTACH_TO_ROLES.format(file=file)}"
        case _:
            where = f"in each of its accounts, including {account}, {attach}"
    return f"- {_describe_principal(policy.principal)}: {where}"


# --- Both -----------------------------------------------------------------------------------------


def _both_halves(half: HandoffHalf) -> str:
    return (
        f"- Access works only after both halves are deployed, yours and that of "
        f"{_name_others(half)}: cross-account access needs permission from both "
        "accounts. Either account can end it alone."
    )


def _name_others(half: HandoffHalf) -> str:
    plural = "s" if len(half.other_accounts) > 1 else ""
    return f"account{plural} {' and '.join(map(quote_plain, half.other_accounts))}"


def _render_steps(half: HandoffHalf) -> Iterator[str]:
    if half.can_be_applied:
        deploy = render_command(
            "cloudformation deploy",
            stack_name=half.slug,
            template_file="template.yaml",
            capabilities="CAPABILITY_NAMED_IAM",
            region=half.region,
        )
        yield _DEPLOY.format(account=quote_plain(half.account), deploy=deploy)
    else:
        yield "## How to deploy it\n"
        yield "By hand, as described above: no policy attaches to an IAM user, role or group.\n"
    yield "## How to check it\n"
    yield "```sh"
    yield from _list_checks(half)
    yield "```\n"
    yield (
        f"Then tell the owner of {_name_others(half)}, who can verify by the "
        "checksum that it was deployed as handed over:\n"
    )
    grant, checksum = half.documents.label, ["--checksum", half.checksum]
    verify = [*checksum, "--", grant] if grant.startswith("-") else [grant, *checksum]
    yield f"```sh\n{join_words(['cross-account-access', 'verify', *verify])}\n```\n"
    if half.can_be_applied:
        delete = render_command(
            "cloudformation delete-stack", stack_name=half.slug, region=half.region
        )
        yield _UNDO.format(commands="\n".join(list_undo_commands(half)), delete=delete)
    else:
        yield "## How to undo it\n"
        yield "Remove the statements from where you put them.\n"


def _list_checks(half: HandoffHalf) -> Iterator[str]:
    role, region = half.documents.role, half.region
    if half.side == "destination":
        query = "Role.AssumeRolePolicyDocument"
        yield "# The output must match trust-policy.json; AWS may change the order."
        yield render_command(
            "iam get-role", role_name=role.name, query=query, output="json", region=region
        )
        listing = "iam list-attached-role-policies"
        yield render_command(listing, role_name=role.name, output="table", region=region)
        return
    arns = [
        principal.arn
        for principal in half.documents.principals
        if principal.arn and principal.kind != "session"
    ]
    if not arns:
        yield "# As one of the principals, and under the conditions of the other account:"
        assume = "sts assume-role"
        yield render_command(assume, role_arn=role.arn, role_session_name="check", region=region)
    for arn in arns:
        yield '# The output must be "allowed".'
        yield render_command(
            "iam simulate-principal-policy",
            policy_source_arn=arn,
            action_names="sts:AssumeRole",
            resource_arns=role.arn,
            query="EvaluationResults[].EvalDecision",
            output="text",
            region=region,
        )


def _describe_principal(half: SourceHalf, account: str | None = None) -> str:
    of_account = f" of account {quote_plain(account)}" if account else ""
    name = f"{half.kind.replace('_', ' ')} {quote_code(half.name)}{of_account}"
    excluded = ", ".join(map(quote_code, half.excluded_names))
    return f"{name}: {TRAITS[half.kind].meaning}" + (f", except {excluded}" if excluded else "")
