"""The AWS CLI commands of a handoff: a script for POSIX sh that may be run again.

Every value goes through `shell_text`, also in messages, for `echo` would read escape sequences.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from cross_account_access.errors import escape_invisible
from cross_account_access.grants.documents import DestinationHalf

from .handoff_half import AttachedPolicy, HandoffHalf
from .shell_text import join_words, quote_word, render_comment
from .text_escapes import refuse_text

_DEFAULT_SESSION = 3600
# The AWS CLI would load the value from there:
# https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
_LOADED = re.compile("(file|fileb|http|https)://")

_START = """\
#!/bin/sh
{what}
{how}
# It can be run again: existing resources are updated.
set -eu
CDPATH= cd -- "$(dirname -- "$0")"
AWS_PAGER=
# IAM is global, but the AWS CLI requires a Region.
AWS_DEFAULT_REGION=${{AWS_DEFAULT_REGION:-${{AWS_REGION:-{region}}}}}
export AWS_PAGER AWS_DEFAULT_REGION

# Print a message.
say() {{
  printf '%s\\n' "$*" >&2
}}

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != {account} ]; then
  say {guard} "$account. Nothing was done."
  exit 1
fi

# Print a command's output, or nothing where AWS has no such resource.
ask() {{
  {{
    if ! why=$("$@" 2>&1 >&3); then
      case $why in
        *NoSuchEntity*) ;;
        *)
          say "$why"
          return 1
          ;;
      esac
    fi
  }} 3>&1
}}
"""

_FOREIGN = """\
  if [ "$arn" != {arn} ]; then
    say "Another role already has this name: $arn. Nothing was done."
    exit 1
  fi
  sids=$({sids})
  for sid in ${{sids:-None}}; do
    case $sid in
      Trust* | Except) ;;
      *)
        say "The role $arn already exists, and these commands did not create it." \\
          "Nothing was done."
        exit 1
        ;;
    esac
  done
"""

_EXTRAS = """\
policies=$({listing})
for policy in $policies; do
  case $policy in
    {expected}) ;;
    *)
      say "Note: the role also has the {kind} policy $policy, which is not part of this grant."
      ;;
  esac
done
"""

_POLICY = """
# Create or update a policy. Arguments: its ARN, its name, its file.
make_policy() {
  version=$(ask aws iam get-policy --policy-arn "$1" --query Policy.DefaultVersionId --output text)
  if [ -z "$version" ]; then
    aws iam create-policy --policy-name "$2" --policy-document "file://$3" \\
      --query Policy.Arn --output text
    return
  fi
  current=$(aws iam get-policy-version --policy-arn "$1" --version-id "$version" \\
    --query PolicyVersion.Document --output json)
  if [ "$(printf '%s' "$current" | tr -d ' \\n')" != "$(tr -d ' \\n' <"$3")" ]; then
    aws iam create-policy-version --policy-arn "$1" --policy-document "file://$3" \\
      --set-as-default --query PolicyVersion.VersionId --output text
    aws iam delete-policy-version --policy-arn "$1" --version-id "$version"
  fi
}
"""


def render_script(half: HandoffHalf) -> str:
    """Render the script that deploys the half."""
    return _render_source(half) if half.side == "source" else _render_destination(half)


def list_undo_commands(half: HandoffHalf) -> Iterator[str]:
    """List the commands that delete what the script deploys."""
    region = half.region
    for policy in half.attached:
        of_policy = {"policy_arn": policy.arn, "region": region}
        yield render_command(f"iam detach-{policy.kind}-policy", **_holder(policy), **of_policy)
        yield render_command("iam delete-policy", **of_policy)
    if half.side == "destination":
        of_role = {"role_name": half.documents.role.name, "region": region}
        for arn in half.documents.role.managed_policies:
            yield render_command("iam detach-role-policy", **of_role, policy_arn=arn)
        for name in half.inline_files:
            yield render_command("iam delete-role-policy", **of_role, policy_name=name)
        yield render_command("iam delete-role", **of_role)


def render_command(command: str, **options: str | None) -> str:
    """Render a command of the AWS CLI, quoted for the shell.

    Args:
        command: The service and the operation.
        options: Its options; one that is None is left out. A `…_document` is a file's name.

    Raises:
        InputError: If a value can't be passed as it is.
    """
    words = ["aws", *command.split()]
    described: dict[str, str] = {}
    for key, value in options.items():
        name = f"--{key.replace('_', '-')}"
        if value is None:
            continue
        if key.endswith("_document"):
            words += [name, f"file://{value}"]
        elif key == "description" and (_LOADED.match(value) or escape_invisible(value) != value):
            described["Description"] = value
        elif _LOADED.match(value):
            raise refuse_text(value, "must not be a URL: the AWS CLI would load it")
        else:
            # After a space the CLI would take a value such as -x for an option.
            words += [f"{name}={value}"] if value.startswith("-") or not value else [name, value]
    if described:
        words += ["--cli-input-json", json.dumps(described)]
    return join_words(words)


# --- The destination's script ---------------------------------------------------------------------


def _render_destination(half: HandoffHalf) -> str:
    role = half.documents.role
    find = "iam get-role"
    arn = render_command(find, role_name=role.name, query="Role.Arn", output="text")
    query = "Role.AssumeRolePolicyDocument.Statement[].[Sid]"
    sids = render_command(find, role_name=role.name, query=query, output="text")
    return "".join(
        [
            _render_start(half, f"Creates the role {role.arn}."),
            f"\narn=$(ask {arn})\n",
            f'if [ -z "$arn" ]; then\n  {_render_creation(role)}\nelse\n',
            _FOREIGN.format(arn=quote_word(role.arn), sids=sids),
            *(f"  {command}\n" for command in _list_updates(role)),
            "fi\n",
            *(f"{command}\n" for command in _list_permission_commands(half)),
            "\n",
            _render_extras(role.name, "managed", role.managed_policies),
            _render_extras(role.name, "inline", role.inline_policies),
            _render_end(f"The role {role.arn} is deployed."),
        ]
    )


def _render_creation(role: DestinationHalf) -> str:
    return render_command(
        "iam create-role",
        role_name=role.name,
        path=role.path,
        assume_role_policy_document="trust-policy.json",
        description=role.description or None,
        max_session_duration=str(role.max_session_duration or _DEFAULT_SESSION),
        permissions_boundary=role.permissions_boundary or None,
        tags=_tags(role),
        query="Role.Arn",
        output="text",
    )


def _list_updates(role: DestinationHalf) -> Iterator[str]:
    name = role.name
    trust = "iam update-assume-role-policy"
    yield render_command(trust, role_name=name, policy_document="trust-policy.json")
    yield render_command(
        "iam update-role",
        role_name=name,
        description=role.description or "",
        max_session_duration=str(role.max_session_duration or _DEFAULT_SESSION),
    )
    if boundary := role.permissions_boundary:
        put = "iam put-role-permissions-boundary"
        yield render_command(put, role_name=name, permissions_boundary=boundary)
    if role.tags:
        yield render_command("iam tag-role", role_name=name, tags=_tags(role))


def _list_permission_commands(half: HandoffHalf) -> Iterator[str]:
    role = half.documents.role
    for arn in role.managed_policies:
        yield render_command("iam attach-role-policy", role_name=role.name, policy_arn=arn)
    put = "iam put-role-policy"
    for name, file in half.inline_files.items():
        yield render_command(put, role_name=role.name, policy_name=name, policy_document=file)


def _tags(role: DestinationHalf) -> str | None:
    tags = [{"Key": key, "Value": value} for key, value in sorted(role.tags.items())]
    return json.dumps(tags) if tags else None


def _render_extras(name: str, kind: str, expected: Iterable[str]) -> str:
    managed = kind == "managed"
    listing = render_command(
        "iam list-attached-role-policies" if managed else "iam list-role-policies",
        role_name=name,
        query="AttachedPolicies[].[PolicyArn]" if managed else "PolicyNames[].[@]",
        output="text",
    )
    patterns = " | ".join(map(quote_word, [*expected, "None"]))
    return _EXTRAS.format(listing=listing, expected=patterns, kind=kind)


# --- The source's script --------------------------------------------------------------------------


def _render_source(half: HandoffHalf) -> str:
    role = half.documents.role.arn
    what = f"Allows {len(half.attached)} of account {half.account} to assume the role {role}."
    return "".join(
        [
            _render_start(half, what),
            _POLICY,
            *(line for policy in half.attached for line in _render_policy(policy)),
            "\n",
            _render_end(f"Allowed to assume {role}."),
        ]
    )


def _render_policy(policy: AttachedPolicy) -> Iterator[str]:
    yield f"\n{join_words(['make_policy', policy.arn, policy.name, policy.file])}\n"
    attach = f"iam attach-{policy.kind}-policy"
    yield render_command(attach, **_holder(policy), policy_arn=policy.arn) + "\n"


def _holder(policy: AttachedPolicy) -> Mapping[str, str]:
    return {f"{policy.kind}_name": policy.holder}


def _render_start(half: HandoffHalf, what: str) -> str:
    account = half.account
    return _START.format(
        what=render_comment(what),
        how=render_comment(f"Run it with credentials of account {account}: sh commands.sh"),
        account=quote_word(account),
        guard=quote_word(f"These commands are for account {account}; the credentials belong to"),
        region=half.region,
    )


def _render_end(message: str) -> str:
    return f"printf '%s\\n' {quote_word(message)}\n"
