"""The records of grants in a stack's outputs, wherever the program has put them.

The program of this package has them in its secret output `documents`, beside the policies' texts,
and once had them in `grants`. Programs of others export a component's `documents` by any name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from cross_account_access.errors import SECRET, InvalidInput
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.grants.record_reading import read_grant_documents

from .terminal import InputError

WRITE_AGAIN = "Write it again with `pulumi stack output --json --show-secrets`."
_OTHER_VERSION = "Use the version of cross-account-access that deployed the stack."
_RECORD_START = '{"format":'
_MANY_START = re.compile(r'\{"format":\d+,"grant":"[^"]*","account":"')

_RecordWithOutputs: TypeAlias = tuple[GrantDocuments, Mapping[str, Any]]


def find_records(stack: str, outputs: Mapping[str, Any]) -> list[_RecordWithOutputs]:
    """Find each grant's record in a stack's outputs, with the grant's other outputs.

    Args:
        stack: The stack's or the file's name, for messages.
        outputs: The outputs.

    Raises:
        InputError: If there is none, or one is secret or malformed.
    """
    records = [*_list_records(stack, outputs)]
    if records:
        return records
    if outputs.get("documents") == SECRET:
        raise _refuse_secret(f"the grants of {stack} are secret, in its output documents")
    if _holds_secret(outputs):
        raise _refuse_secret(f"{stack} has no grants among its outputs, some of which are secret")
    raise InputError(
        f"{stack} has no grants among its outputs",
        "A program of your own must export them: pulumi.export('documents', "
        "pulumi.Output.secret(access.documents)).",
    )


def _list_records(stack: str, outputs: Mapping[str, Any]) -> Iterator[_RecordWithOutputs]:
    """Every grant in the outputs: `grants` of the program, or `documents` of a component."""
    policies = _find_policies(outputs)
    any_secret = _holds_secret(outputs)
    for output in outputs.values():
        if not isinstance(output, Mapping):
            continue
        named = _list_by_name(output)
        texts = [_get_record_text(value) for _, value in named]
        has_records = any(map(_is_record, texts))
        for (name, value), text in zip(named, texts, strict=True):
            others = value if isinstance(value, Mapping) else {}
            # Beside a record, or in the place of one, a secret is a grant's.
            if text == SECRET and (has_records or others):
                raise _refuse_secret(f"{stack}: grant {name} is secret, because a value of it is")
            if _is_record(text):
                documents = _parse_documents(stack, name, text, policies, any_secret=any_secret)
                yield documents, others or _find_others(outputs.get("grants"), documents)
            elif (
                output is outputs.get("grants")
                and others.keys() & {"documents", "roleArn"}
                and "documents" not in outputs
            ):
                raise InputError(f"{stack}: grant {name} has no documents", _OTHER_VERSION)


def _find_others(grants: Any, documents: GrantDocuments) -> Mapping[str, Any]:
    """A grant's other outputs, which stand beside the records; empty where there are none."""
    for key in (documents.grant, documents.account):
        if key is not None:
            grants = grants.get(key) if isinstance(grants, Mapping) else None
    return grants if isinstance(grants, Mapping) else {}


def _list_by_name(output: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Each grant's outputs, or its record; among many accounts each account's, by GRANT@ACCOUNT."""
    named: list[tuple[str, Any]] = []
    for name, value in output.items():
        accounts = value if isinstance(value, Mapping) and _has_accounts(value) else None
        if accounts is None:
            named.append((name, value))
        else:
            named += [(f"{name}@{account}", inner) for account, inner in accounts.items()]
    return named


def _has_accounts(value: Mapping[str, Any]) -> bool:
    """Whether a grant's outputs are those of its accounts."""
    records = [key for key, inner in value.items() if _is_record(_get_record_text(inner))]
    # An account may be called `documents`, as the record of a pair's grant is.
    text = value.get("documents")
    is_pair = records == ["documents"] and isinstance(text, str) and not _MANY_START.match(text)
    return bool(records) and not is_pair


def _find_policies(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The documents of policies by their ARNs, which a stack exports beside the records."""
    return {
        name: value
        for output in outputs.values()
        if isinstance(output, Mapping)
        for name, value in output.items()
        if name.startswith("arn:") and value != SECRET
    }


def _get_record_text(value: Any) -> Any:
    return value.get("documents") if isinstance(value, Mapping) else value


def _is_record(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(_RECORD_START)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else value == SECRET


def _refuse_secret(message: str) -> InputError:
    return InputError(message, "Write the file with --show-secrets, or pass --stack.")


def _parse_documents(
    stack: str, name: str, text: str, policies: Mapping[str, Any], *, any_secret: bool
) -> GrantDocuments:
    try:
        return read_grant_documents(text, policies)
    except InvalidInput as error:
        lacks_policy = error.problems[0].code == "policy-not-in-outputs"
        if any_secret and lacks_policy:
            raise _refuse_secret(f"{stack}: a policy of grant {name} is secret") from None
        message = f"{stack}: the documents of grant {name} are not understood: {error}"
        # The message itself says what to do about a policy that isn't there.
        raise InputError(message, "" if lacks_policy else _OTHER_VERSION) from None
