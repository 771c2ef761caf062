"""The folder's README: what is asked of the other account's owner, in plain words."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from cross_account_access.grants.principals import TRAITS, PrincipalKind

from . import aws_cli_script
from .handoff_half import HandedOut, Side

_WIDE: frozenset[PrincipalKind] = frozenset(
    {"account", "group", "organization", "organizational_unit"}
)
_SECONDS_AN_HOUR = 3600
_WORDS = {
    "sts:externalid": "they give the external ID that stands in trust-policy.json",
    "aws:multifactorauthpresent": "they signed in with MFA",
    "sts:sourceidentity": "they set a source identity like {}",
    "sts:rolesessionname": "they name the session like {}",
    "aws:sourceip": "they call from {}",
    "aws:sourcevpc": "they call from the VPC {}",
    "aws:sourcevpce": "they call through the VPC endpoint {}",
    "aws:multifactorauthage": "their MFA is less than {} seconds old",
    "aws:principalarn": "their ARN is like {}",
    "aws:principalorgid": "they are of the organization {}",
    "aws:principalorgpaths": "they are of the organizational unit {}",
}
# An operator under which the words are true.
_SAID = frozenset(
    {
        "StringEquals",
        "StringLike",
        "ArnLike",
        "ArnEquals",
        "Bool",
        "IpAddress",
        "NumericLessThan",
        "ForAnyValue:StringLike",
    }
)

_MAKE = """\
## How to make it

One of these, whichever you like; each is complete by itself and has credentials of account {account}.

**AWS CLI.** It checks the account first, and may be run again.

```sh
sh commands.sh
```

**CloudFormation.**

```sh
{deploy}
```

**Terraform**, with the AWS provider 5.0 or newer.

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

After CloudFormation: `{delete}`. After Terraform: `terraform destroy`.
"""


def readme(side: Side) -> str:
    """The README."""
    parts = _source(side) if side.half == "source" else _destination(side)
    return "\n".join([*parts, *_how(side)])


def _destination(side: Side) -> Iterator[str]:
    documents, role = side.documents, side.documents.role
    yield f"# A role in account {side.account} for account {side.asker}\n"
    yield (
        f"You administer account {side.account}. Account {side.asker} asks you for the IAM role `{role.name}`, which "
        "those described here may assume and nobody else. This folder has all that is needed for it.\n"
    )
    yield "## Who gets in\n"
    yield from (f"- {_named(principal.kind, principal.name)}" for principal in documents.principals)
    yield ""
    yield from _conditions(role.trust_policy)
    yield "## What they may do then\n"
    yield from (f"- what AWS or you allow by the policy `{arn}`" for arn in role.managed_policies)
    yield from (f"- what `{file}` says" for file in side.inline_files.values())
    if not role.managed_policies and not role.inline_policies:
        yield "- nothing yet: the role has no permissions"
    if role.permissions_boundary:
        yield f"- and never more than the boundary `{role.permissions_boundary}` allows"
    hours = (role.max_session_duration or _SECONDS_AN_HOUR) / _SECONDS_AN_HOUR
    yield f"\nA session lasts {hours:g} h at most; then they have to assume the role again.\n"
    yield "## What it means\n"
    yield (
        f"- The role is `{role.arn}`. It is yours: whatever is done with it is done in your account, and is in your "
        "CloudTrail."
    )
    yield f"- Nobody gets in before account {side.asker} allows it too. Both accounts must; either can end it alone."
    if any(
        not name.endswith(":root") and name != "*"
        for s in role.trust_policy["Statement"]
        for name in _trusted(s)
    ):
        yield "- AWS refuses the role while a user or role that its trust policy names isn't there."
    if any(principal.kind in _WIDE for principal in documents.principals):
        yield (
            "- The trust policy names more than single identities: who of them gets in is decided by the policies of "
            "their own account."
        )
    if side.has_external_id:
        yield (
            "- The external ID is to stay between the two of you: it stands in `trust-policy.json`, `template.yaml` "
            "and `main.tf`, so don't publish them."
        )
    yield ""


def _source(side: Side) -> Iterator[str]:
    documents, role = side.documents, side.documents.role
    yield f"# Leave in account {side.account} to assume a role of account {side.asker}\n"
    yield (
        f"You administer account {side.account}. Account {side.asker} has the IAM role `{role.arn}` for those named "
        "here, and asks you to allow them to assume it. This folder has all that is needed for it.\n"
    )
    yield "## Who gets what\n"
    for policy in side.attached:
        yield (
            f"- {policy.kind} `{policy.holder}`: the managed policy `{policy.name}`, whose document is `{policy.file}`"
        )
    yield from (_placed(handed, side) for handed in side.handed_out)
    yield "\n## What it means\n"
    yield (
        "- Each policy allows to assume that one role"
        " (with session tags or a source identity where the document says so) and nothing else. What the role may do "
        f"in account {side.asker} is decided there."
    )
    groups = [policy.holder for policy in side.attached if policy.kind == "group"]
    if groups:
        yield f"- Whoever is put into the group {', '.join(f'`{name}`' for name in groups)} gets it too."
    if any(principal.kind == "session" for principal in documents.principals):
        yield "- A session has no policies of its own: its role gets it. The other account lets in that session alone."
    yield f"- Nobody gets in before account {side.asker} trusts them too. Both accounts must; either can end it alone."
    yield ""


def _placed(handed: HandedOut, side: Side) -> str:
    """Where a policy goes that can't be attached to an IAM entity from here."""
    name, account = handed.principal.name, side.account
    match handed.principal.kind:
        case "permission_set":
            where = (
                f"in IAM Identity Center, put the statement of `{handed.file}` into the permission set's inline "
                f"policy, and provision the set to account {account} again"
            )
        case "account":
            where = f"in account {account}, attach `{handed.file}` as a policy to each user, group or role that is to"
            where += " get in; whoever has it gets in"
        case _:
            where = (
                f"in each of its accounts, {account} among them, attach `{handed.file}` as a policy to each user, "
                "group or role that is to get in; whoever has it gets in"
            )
    return f"- {_named(handed.principal.kind, name)}: {where}"


def _how(side: Side) -> Iterator[str]:
    if side.can_be_applied:
        deploy = aws_cli_script.aws(
            "cloudformation deploy",
            stack_name=side.slug,
            template_file="template.yaml",
            capabilities="CAPABILITY_NAMED_IAM",
        )
        yield _MAKE.format(account=side.account, deploy=deploy)
    else:
        yield "## How to make it\n"
        yield "By hand, as is said above: nothing here attaches to an IAM user, role or group.\n"
    yield "## How to check it\n"
    yield "```sh"
    yield from _checks(side)
    yield "```\n"
    yield f"Then tell account {side.asker}. Its owner sees by the checksum whether it stands as it was handed over:\n"
    verify = ["cross-account-access", "verify", side.documents.grant, "--checksum", side.checksum]
    yield f"```sh\n{shlex.join(verify)}\n```\n"
    if side.can_be_applied:
        delete = aws_cli_script.aws("cloudformation delete-stack", stack_name=side.slug)
        yield _UNDO.format(commands="\n".join(aws_cli_script.undo(side)), delete=delete)
    else:
        yield "## How to undo it\n"
        yield "Take the statements out again where you put them.\n"


def _checks(side: Side) -> Iterator[str]:
    role = side.documents.role
    if side.half == "destination":
        yield "# Is to say what trust-policy.json says; AWS may order it otherwise."
        yield aws_cli_script.aws(
            "iam get-role",
            role_name=role.name,
            query="Role.AssumeRolePolicyDocument",
            output="json",
        )
        yield aws_cli_script.aws(
            "iam list-attached-role-policies", role_name=role.name, output="table"
        )
        return
    checked = [
        principal
        for principal in side.documents.principals
        if principal.arn and principal.kind != "session"
    ]
    if not checked:
        yield "# As somebody who is to get in, and in the circumstances that the other account asks for:"
        yield aws_cli_script.aws("sts assume-role", role_arn=role.arn, role_session_name="check")
    for principal in checked:
        yield "# Is to say allowed."
        yield aws_cli_script.aws(
            "iam simulate-principal-policy",
            policy_source_arn=principal.arn,
            action_names="sts:AssumeRole",
            resource_arns=role.arn,
            query="EvaluationResults[].EvalDecision",
            output="text",
        )


def _named(kind: PrincipalKind, name: str) -> str:
    return f"{kind.replace('_', ' ')} `{name}`: {TRAITS[kind].meaning}"


def _conditions(trust: Mapping[str, Any]) -> Iterator[str]:
    found = [list(_condition(statement)) for statement in trust["Statement"]]
    if not any(found):
        yield "There are no further conditions.\n"
    elif len(found) == 1:
        yield "Only if all of this is true:\n"
        yield from found[0]
        yield ""
    else:
        yield "Each statement of `trust-policy.json` has conditions of its own, and all of one's must be true:\n"
        for statement, conditions in zip(trust["Statement"], found, strict=True):
            named = ", ".join(map(_code, _trusted(statement)))
            yield f"- {named}" + (":" if conditions else ", without further conditions")
            yield from (f"  {condition}" for condition in conditions)
        yield ""


def _trusted(statement: Mapping[str, Any]) -> list[str]:
    named = statement["Principal"]["AWS"]
    return [named] if isinstance(named, str) else named


def _condition(statement: Mapping[str, Any]) -> Iterator[str]:
    for operator, keys in sorted(statement.get("Condition", {}).items()):
        for key, values in sorted(keys.items()):
            listed = values if isinstance(values, list) else [values]
            told = " or ".join(_code(value) for value in listed)
            words = _WORDS.get(key.lower())
            if operator in _SAID and words and key.lower() != "aws:multifactorauthpresent":
                yield f"- {words.format(told)}"
            elif operator in _SAID and words and listed == ["true"]:
                yield f"- {words}"
            elif key.lower() == "sts:externalid":
                yield f"- {_code(key)}: {_code(operator)}, as it stands in trust-policy.json"
            else:
                yield f"- {_code(key)}: {_code(operator)} {told}"


def _code(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text.replace('`', ' ').replace(chr(10), ' ')}`"
