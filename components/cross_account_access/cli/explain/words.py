"""What a condition means in plain words, and what to do where it isn't met."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cross_account_access.iam.operators import UnmetCondition


@dataclass(frozen=True)
class Words:
    """A condition that isn't met, for a person.

    Attributes:
        plain: What is required, and what there is.
        remedy: What to do.
    """

    plain: str
    remedy: str


@dataclass(frozen=True)
class Block:
    """Several conditions that aren't met: in one text, and what to do."""

    plain: str
    remedies: tuple[str, ...]


_Tell = Callable[[UnmetCondition, bool], Words]


def words(unmet: UnmetCondition, *, user: bool) -> Words:
    """Tell of a condition.

    Args:
        unmet: It.
        user: Whether an IAM user calls, and no role's session.
    """
    if forbids(unmet):
        return _forbidden(unmet)
    key = unmet.key.lower()
    if unmet.operator == "Null" and key not in _TOLD_BY_PRESENCE:
        return Words(
            f"{unmet.key} must be present, and it is absent", f"Call with it; {_ask_by(unmet)}."
        )
    tell = _BY_KEY.get(key) or next(
        (found for prefix, found in _BY_PREFIX.items() if key.startswith(prefix)), _other
    )
    return tell(unmet, user)


def block(found: Iterable[UnmetCondition], *, user: bool) -> Block:
    """Tell of several conditions of a statement, each thing once and with its condition keys."""
    keys: dict[str, list[str]] = {}
    remedies: list[str] = []
    for unmet in found:
        item = words(unmet, user=user)
        keys.setdefault(item.plain, []).append(unmet.key)
        remedies.append(item.remedy)
    plain = "; ".join(f"{text} ({', '.join(dict.fromkeys(names))})" for text, names in keys.items())
    return Block(plain, tuple(dict.fromkeys(remedies)))


def forbids(unmet: UnmetCondition) -> bool:
    """Whether the condition asks for a value's absence."""
    return "Not" in unmet.operator or (unmet.operator == "Null" and unmet.required == ("true",))


def _or(values: tuple[str, ...]) -> str:
    return " or ".join(values)


def _is(unmet: UnmetCondition, absent: str) -> str:
    return f"here it is {', '.join(unmet.actual)}" if unmet.actual else absent


def _forbidden(unmet: UnmetCondition) -> Words:
    what = unmet.key if unmet.operator == "Null" else f"{unmet.key} {_or(unmet.required)}"
    return Words(f"{what} is forbidden, {_is(unmet, 'and it is absent')}", f"Call without {what}.")


def _external_id(unmet: UnmetCondition, _: bool) -> Words:
    return Words(
        f"an external ID is required, {'and another one was given' if unmet.actual else 'and none was given'}",
        "Give the external ID that was agreed with the role's owner: --external-id here, external_id in an AWS CLI "
        "profile.",
    )


def _mfa(unmet: UnmetCondition, user: bool) -> Words:
    if unmet.required == ("false",) and unmet.operator != "Null":
        return _other(unmet, user)
    if not user:
        return Words(
            "MFA is required, and a role's session never carries it",
            "Call as a user with MFA, or give this principal conditions of its own without MFA "
            "(conditions: {mfa: false} beside it).",
        )
    return Words(
        "MFA is required, and the caller came without it",
        "Sign in with MFA: mfa_serial in the AWS CLI profile, or keys from `aws sts get-session-token "
        "--serial-number … --token-code …`; ask here with --mfa.",
    )


def _mfa_age(unmet: UnmetCondition, user: bool) -> Words:
    if not unmet.actual:
        return _mfa(unmet, user)
    return Words(
        f"the MFA code must be given less than {unmet.required[0]} s ago, and it was {unmet.actual[0]} s ago",
        "Sign in with MFA again.",
    )


def _source_ip(unmet: UnmetCondition, _: bool) -> Words:
    return Words(
        f"the call must come from {_or(unmet.required)}, {_is(unmet, 'and from where it comes is not told here')}",
        "Call from there, by its public address, and not through a VPC endpoint, where AWS sees none; ask here with "
        "--source-ip.",
    )


def _vpc(option: str, what: str) -> _Tell:
    def tell(unmet: UnmetCondition, _: bool) -> Words:
        return Words(
            f"the call must come through {what} {_or(unmet.required)}, {_is(unmet, 'and it comes through none')}",
            f"Call from there, through a VPC endpoint for STS (the regional one); ask here with {option}.",
        )

    return tell


def _organization(option: str) -> _Tell:
    def tell(unmet: UnmetCondition, _: bool) -> Words:
        what = "organization" if option == "--organization" else "organizational unit"
        absent = "and its own is not told here, or it has none"
        return Words(
            f"the caller's account must belong to the {what} {_or(unmet.required)}, {_is(unmet, absent)}",
            f"Call from an account in it; ask here with {option}.",
        )

    return tell


def _session_name(unmet: UnmetCondition, _: bool) -> Words:
    return Words(
        f"the session must be called {_or(unmet.required)}, {_is(unmet, 'and it has no name')}",
        "Name it so: role_session_name in the AWS CLI profile, --role-session-name of `aws sts assume-role`; ask here "
        "with --session-name.",
    )


def _source_identity(unmet: UnmetCondition, _: bool) -> Words:
    return Words(
        f"a source identity is required, {_or(unmet.required)}, {_is(unmet, 'and the call sets none')}",
        "Set it: --source-identity of `aws sts assume-role`, and here.",
    )


def _session_tag(unmet: UnmetCondition, _: bool) -> Words:
    key = unmet.key.partition("/")[2]
    return Words(
        f"the session tag {key} must be {_or(unmet.required)}, {_is(unmet, 'and the call passes none')}",
        f"Pass it: --tags Key={key},Value=… of `aws sts assume-role`; ask here with --session-tag {key}=….",
    )


def _tag_keys(unmet: UnmetCondition, user: bool) -> Words:
    more = [key for key in unmet.actual if key not in unmet.required]
    if not more:
        return _other(unmet, user)
    return Words(
        f"only the session tags {', '.join(unmet.required)} may be passed, and {', '.join(more)} is passed too",
        "Leave the others out of the call.",
    )


def _transitive(unmet: UnmetCondition, _: bool) -> Words:
    if unmet.operator == "Null":
        plain = "a tag must be handed on (transitive), and the call hands none on"
    else:
        plain = f"the tags that are handed on may be {_or(unmet.required)} alone, {_is(unmet, 'and there are none')}"
    return Words(
        plain,
        "Say so in the call: --transitive-tag-keys of `aws sts assume-role`, --transitive-tag-key here.",
    )


def _principal_tag(unmet: UnmetCondition, user: bool) -> Words:
    key = unmet.key.partition("/")[2]
    return Words(
        f"the caller's tag {key} must be {_or(unmet.required)}, {_is(unmet, 'and it has none that is known here')}",
        f"Tag the {'user' if user else 'role'} in its own account; a session tag of this call doesn't count. Ask here "
        f"with --principal-tag {key}=….",
    )


def _time(unmet: UnmetCondition, _: bool) -> Words:
    late = "Less" in unmet.operator
    return Words(
        f"the role is open {'until' if late else 'from'} {_or(unmet.required)}, {_is(unmet, 'and no time is told')}",
        "The window has closed: its owner moves notAfter."
        if late
        else "Wait, or its owner moves notBefore.",
    )


def _principal_arn(unmet: UnmetCondition, _: bool) -> Words:
    return Words(
        f"the caller must be {_or(unmet.required)}, {_is(unmet, 'and it is nobody')}",
        "Call as that one, or add this one to the grant's principals and run `pulumi up`.",
    )


def _user_name(unmet: UnmetCondition, user: bool) -> Words:
    if user:
        return _other(unmet, user)
    return Words(
        f"the caller must be the user {_or(unmet.required)}, and a role's session has no user name",
        "Call as that user.",
    )


def _other(unmet: UnmetCondition, _: bool) -> Words:
    text = f"{unmet.key} must meet {unmet.operator} {_or(unmet.required)}, {_is(unmet, 'and it is absent')}"
    return Words(text, f"Call so that it does; {_ask_by(unmet)}.")


def _ask_by(unmet: UnmetCondition) -> str:
    return f"ask here with --context {unmet.key}=…"


_TOLD_BY_PRESENCE = frozenset(
    {"sts:externalid", "sts:transitivetagkeys", "aws:multifactorauthpresent"}
)
_BY_KEY: Mapping[str, _Tell] = {
    "sts:externalid": _external_id,
    "aws:multifactorauthpresent": _mfa,
    "aws:multifactorauthage": _mfa_age,
    "aws:sourceip": _source_ip,
    "aws:sourcevpc": _vpc("--source-vpc", "the VPC"),
    "aws:sourcevpce": _vpc("--source-vpce", "the VPC endpoint"),
    "aws:principalorgid": _organization("--organization"),
    "aws:principalorgpaths": _organization("--org-path"),
    "sts:rolesessionname": _session_name,
    "sts:sourceidentity": _source_identity,
    "aws:tagkeys": _tag_keys,
    "sts:transitivetagkeys": _transitive,
    "aws:currenttime": _time,
    "aws:principalarn": _principal_arn,
    "aws:username": _user_name,
}
_BY_PREFIX: Mapping[str, _Tell] = {
    "aws:requesttag/": _session_tag,
    "aws:principaltag/": _principal_tag,
}


def policy_text(document: object) -> str:
    """A policy document in one line, to be copied."""
    return json.dumps(document, separators=(",", ":"))
