"""The caller to explain, parsed from WHO on the command line."""

from cross_account_access.cli.terminal import InputError
from cross_account_access.errors import Refusal
from cross_account_access.grants.documents import GrantDocuments, SourceHalf
from cross_account_access.grants.principal_ref import (
    PrincipalRef,
    PrincipalRefKind,
    parse_principal_arn,
    parse_principal_name,
    split_kind,
    to_ref_kind,
)
from cross_account_access.iam import arns

FORMS = (
    "WHO is user/NAME, role/NAME, session/ROLE/SESSION, group/NAME (a member), "
    "permission-set/NAME, role-pattern/PATTERN and path/PATH (a session of some such role), "
    "account/ID (anyone there), root/ID, organization/ID, "
    "organizational-unit/PATH, an ARN, or the name of one of the grant's principals"
)


def parse_principal(text: str, documents: GrantDocuments | None) -> PrincipalRef:
    """Parse WHO: an ARN, KIND/NAME, or the name of one of the grant's principals.

    Raises:
        InputError: If it is none of these.
    """
    if text.startswith("arn:"):
        if ref := parse_principal_arn(text):
            return ref.with_path_of(documents).with_member_of(documents)
        raise InputError(f"{text} is no user, role, group, role session or root user", FORMS)
    if documents is None:
        raise InputError(f"{text}: must be an ARN, because no stack is given", "Pass its ARN.")
    pair = split_kind(text)
    ref = _parse_kind(*pair, documents) if pair else _parse_name(text, documents)
    return ref.with_path_of(documents).with_member_of(documents)


def _parse_kind(kind: PrincipalRefKind, name: str, documents: GrantDocuments) -> PrincipalRef:
    source = _find_source(kind, name, documents)
    try:
        return parse_principal_name(kind, name, documents.partition, source)
    except Refusal as refusal:
        raise InputError(f"{kind}/{name}: {refusal.rule}", FORMS) from None


def _find_source(kind: str, name: str, documents: GrantDocuments) -> str:
    """Find the account of a principal by its name; that of most principals for an unknown one."""
    same_name = [
        half
        for half in documents.principals
        if half.kind.replace("_", "-") == kind and name in _list_names(half)
    ]
    accounts = {documents.get_account(half) for half in same_name}
    if len(accounts) > 1:
        listed = " or ".join(half.arn for half in same_name if half.arn)
        raise InputError(
            f"{kind}/{name} is in several accounts: {', '.join(sorted(accounts))}",
            f"Pass its ARN{f': {listed}' if listed else ''}.",
        )
    return next(iter(accounts), documents.source_account_id)


def _parse_name(text: str, documents: GrantDocuments) -> PrincipalRef:
    """Parse the name of a principal of the grant, of a session of one, or of another user."""
    kinds = {half.kind for half in documents.principals if text in _list_names(half)}
    if len(kinds) > 1:
        forms = " or ".join(f"{kind.replace('_', '-')}/{text}" for kind in sorted(kinds))
        raise InputError(f"{text} is the name of several principals", f"Choose one: {forms}.")
    for kind in kinds:
        return _parse_kind(to_ref_kind(kind), text, documents)
    role, slash, _ = text.rpartition("/")
    holder = ("role", arns.split_path(role)[1])
    if slash and any(half.attached_to == holder for half in documents.principals):
        return _parse_kind("session", text, documents)
    if slash:
        known = ", ".join(
            f"{half.kind.replace('_', '-')}/{half.name}" for half in documents.principals
        )
        raise InputError(f"{text} is none of the grant's principals: {known}", FORMS)
    return _parse_kind("user", text, documents)


def _list_names(half: SourceHalf) -> set[str]:
    if half.kind in ("user", "role", "group"):
        return {half.name, arns.split_path(half.name)[1]}
    return {half.name}
