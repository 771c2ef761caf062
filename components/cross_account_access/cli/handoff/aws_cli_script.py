"""The commands of the AWS CLI: a script for POSIX sh that may be run again."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping

from .handoff_half import Attached, Side

_DEFAULT_SESSION = 3600
# The AWS CLI takes what follows for its value: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
_FETCHED = re.compile("(file|fileb|http|https)://")

_START = """\
#!/bin/sh
# {what}
# Run it with credentials of account {account}: sh commands.sh
# It may be run again: what is there already is brought up to date.
set -eu
cd -- "$(dirname -- "$0")"
AWS_PAGER=
# IAM is global, but the AWS CLI wants a region.
AWS_DEFAULT_REGION=${{AWS_DEFAULT_REGION:-${{AWS_REGION:-{region}}}}}
export AWS_PAGER AWS_DEFAULT_REGION

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != {account} ]; then
  echo "These commands are for account {account}; the credentials belong to $account. Nothing was done." >&2
  exit 1
fi

# What a command answers; nothing where AWS has no such thing.
ask() {{
  {{
    if ! why=$("$@" 2>&1 >&3); then
      case $why in
        *NoSuchEntity*) ;;
        *)
          printf '%s\\n' "$why" >&2
          return 1
          ;;
      esac
    fi
  }} 3>&1
}}
"""

_FOREIGN = """\
  if [ "$arn" != {arn} ]; then
    echo "There is another role of this name already, $arn. Nothing was done." >&2
    exit 1
  fi
  sids=$(aws iam get-role --role-name {name} --query 'Role.AssumeRolePolicyDocument.Statement[].[Sid]' --output text)
  for sid in ${{sids:-None}}; do
    case $sid in
      Trust*) ;;
      *)
        echo "There is a role $arn already that these commands did not make. Nothing was done." >&2
        exit 1
        ;;
    esac
  done
"""

_EXTRAS = """\
policies=$(aws iam {listing} --role-name {name} --query {query} --output text)
for policy in $policies; do
  case $policy in
    {known}) ;;
    *) echo "Note: the role has the {kind} policy $policy too, which is not from here." >&2 ;;
  esac
done
"""

_POLICY = """
# Makes a policy, or brings it up to date: its ARN, its name, its file.
make_policy() {
  version=$(ask aws iam get-policy --policy-arn "$1" --query Policy.DefaultVersionId --output text)
  if [ -z "$version" ]; then
    aws iam create-policy --policy-name "$2" --policy-document "file://$3" --query Policy.Arn --output text
    return
  fi
  stands=$(aws iam get-policy-version --policy-arn "$1" --version-id "$version" --query PolicyVersion.Document \\
    --output json)
  if [ "$(printf '%s' "$stands" | tr -d ' \\n')" != "$(tr -d ' \\n' <"$3")" ]; then
    aws iam create-policy-version --policy-arn "$1" --policy-document "file://$3" --set-as-default \\
      --query PolicyVersion.VersionId --output text
    aws iam delete-policy-version --policy-arn "$1" --version-id "$version"
  fi
}
"""


def commands(side: Side) -> str:
    """The script that makes the side."""
    return _source(side) if side.half == "source" else _destination(side)


def undo(side: Side) -> list[str]:
    """The commands that take it away again."""
    if side.half == "source":
        return [
            command
            for policy in side.attached
            for command in (
                aws(f"iam detach-{policy.kind}-policy", **_holder(policy), policy_arn=policy.arn),
                aws("iam delete-policy", policy_arn=policy.arn),
            )
        ]
    role = side.documents.role
    return [
        *(
            aws("iam detach-role-policy", role_name=role.name, policy_arn=arn)
            for arn in role.managed_policies
        ),
        *(
            aws("iam delete-role-policy", role_name=role.name, policy_name=name)
            for name in side.inline_files
        ),
        aws("iam delete-role", role_name=role.name),
    ]


def aws(command: str, **options: str | None) -> str:
    """A command of the AWS CLI, quoted for the shell; options that are None are left out."""
    words = ["aws", *command.split()]
    beside: dict[str, str] = {}
    for key, value in options.items():
        name = f"--{key.replace('_', '-')}"
        if value is None:
            continue
        if _FETCHED.match(value) and key == "description":
            beside["Description"] = value
        else:
            # After a space the CLI would take a value such as -x for an option.
            words += [f"{name}={value}"] if value.startswith("-") or not value else [name, value]
    if beside:
        words += ["--cli-input-json", json.dumps(beside)]
    return shlex.join(words)


def _destination(side: Side) -> str:
    role = side.documents.role
    session = str(role.max_session_duration or _DEFAULT_SESSION)
    tags = json.dumps([{"Key": key, "Value": value} for key, value in sorted(role.tags.items())])
    create = aws(
        "iam create-role",
        role_name=role.name,
        path=role.path,
        assume_role_policy_document="file://trust-policy.json",
        description=role.description or None,
        max_session_duration=session,
        permissions_boundary=role.permissions_boundary,
        tags=tags if role.tags else None,
        query="Role.Arn",
        output="text",
    )
    update = [
        aws(
            "iam update-assume-role-policy",
            role_name=role.name,
            policy_document="file://trust-policy.json",
        ),
        aws(
            "iam update-role",
            role_name=role.name,
            description=role.description or "",
            max_session_duration=session,
        ),
    ]
    if boundary := role.permissions_boundary:
        update.append(
            aws(
                "iam put-role-permissions-boundary",
                role_name=role.name,
                permissions_boundary=boundary,
            )
        )
    if role.tags:
        update.append(aws("iam tag-role", role_name=role.name, tags=tags))
    find = aws("iam get-role", role_name=role.name, query="Role.Arn", output="text")
    quoted = {"arn": shlex.quote(role.arn), "name": shlex.quote(role.name)}
    permissions = [
        *(
            aws("iam attach-role-policy", role_name=role.name, policy_arn=arn)
            for arn in role.managed_policies
        ),
        *(
            aws(
                "iam put-role-policy",
                role_name=role.name,
                policy_name=name,
                policy_document=f"file://{file}",
            )
            for name, file in side.inline_files.items()
        ),
    ]
    return "".join(
        [
            _start(side, f"Makes the role {role.arn}."),
            f"\narn=$(ask {find})\n",
            f'if [ -z "$arn" ]; then\n  {create}\nelse\n',
            _FOREIGN.format(**quoted),
            *(f"  {command}\n" for command in update),
            "fi\n",
            *(f"{command}\n" for command in permissions),
            "\n",
            _extras(quoted["name"], "managed", role.managed_policies),
            _extras(quoted["name"], "inline", role.inline_policies),
            f"echo {shlex.quote(f'The role {role.arn} stands.')}\n",
        ]
    )


def _extras(name: str, kind: str, known: Iterable[str]) -> str:
    managed = kind == "managed"
    return _EXTRAS.format(
        listing="list-attached-role-policies" if managed else "list-role-policies",
        name=name,
        query=shlex.quote("AttachedPolicies[].[PolicyArn]" if managed else "PolicyNames[].[@]"),
        known=" | ".join(map(shlex.quote, [*known, "None"])),
        kind=kind,
    )


def _source(side: Side) -> str:
    role = side.documents.role.arn
    return "".join(
        [
            _start(
                side,
                f"Allows {len(side.attached)} of account {side.account} to assume the role {role}.",
            ),
            _POLICY,
            *(line for policy in side.attached for line in _policy(policy)),
            f"\necho {shlex.quote(f'Allowed to assume {role}.')}\n",
        ]
    )


def _policy(policy: Attached) -> Iterator[str]:
    yield f"\n{shlex.join(['make_policy', policy.arn, policy.name, policy.file])}\n"
    yield aws(f"iam attach-{policy.kind}-policy", **_holder(policy), policy_arn=policy.arn) + "\n"


def _holder(policy: Attached) -> Mapping[str, str]:
    return {f"{policy.kind}_name": policy.holder}


def _start(side: Side, what: str) -> str:
    return _START.format(what=what, account=side.account, region=side.region)
