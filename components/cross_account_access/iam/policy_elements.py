"""What IAM takes in a statement's actions, resources and conditions when a policy is saved.

- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from math import isfinite
from typing import Any

from cross_account_access.errors import FieldPath, Refusal

from . import limits
from .operators import Operator, find_nearest_operator
from .policy_dates import is_date
from .policy_document import list_values, to_list
from .policy_patterns import ARN_FIELDS, NAMED_SERVICE, VARIABLE

_PARTITION = re.compile(r"\*|aws(-[a-z]+)*")
_REGION_OR_ACCOUNT = re.compile(r"[A-Za-z0-9*?-]*")
_IAM_RESOURCE = re.compile(r"\*|root|[A-Za-z-]+/.*", re.DOTALL)
_CLOUDFORMATION = "${AWS::"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9-]+:[\w+=,.@/:-]+", re.ASCII)
_KEY_WITH_TAG = re.compile(r"[A-Za-z0-9-]+:[\w-]*tag/(?P<tag>.+)", re.ASCII | re.IGNORECASE)


def _is_condition_key(text: str) -> bool:
    """Whether it is PREFIX:NAME, or ends with any tag's key, as aws:PrincipalTag/Cost Center does.

    Whether AWS compares a space at either end of that isn't documented, so none is taken.
    """
    if _PLAIN_KEY.fullmatch(text):
        return True
    parts = _KEY_WITH_TAG.fullmatch(text)
    try:
        return parts is not None and limits.check_tag_key(parts["tag"]) == parts["tag"].strip()
    except Refusal:
        return False


CONDITION_KEY = limits.StringRule(
    "a condition key",
    3,
    256,
    _is_condition_key,
    "PREFIX:NAME, such as aws:SourceAccount; or …Tag/ and a tag's key, as aws:PrincipalTag/Cost "
    "Center: at most 128 letters, digits, _.:/=+-@ and spaces within",
)


def check_texts(element: object, where: FieldPath, check: Callable[[str], object]) -> None:
    """Check an element that is a text or a list of texts; `check` sees each.

    Raises:
        Refusal: Where it is none, is empty, or `check` refuses a text.
    """
    values = [element] if isinstance(element, str) else element
    if not isinstance(values, Sequence) or not all(isinstance(value, str) for value in values):
        raise Refusal(
            "must be a string or a list of strings", code="not-strings", where=where, value=element
        )
    if not values:
        element_name = str(where[-1]).lower()
        what = next((w for w in ("action", "resource") if element_name.endswith(w)), "principal")
        raise Refusal(f"must have at least one {what}", code=f"no-{what}", where=where, value=[])
    for value in values:
        try:
            check(value)
        except Refusal as refusal:
            refusal.where, refusal.value = where, value
            raise


def check_action(text: str) -> None:
    """Check an action of an identity policy; Refusal where IAM takes none such."""
    service, _, name = text.partition(":")
    if text == "*" or NAMED_SERVICE["Action"].fullmatch(text):
        return
    if not name:
        raise Refusal("must be SERVICE:ACTION, such as s3:GetObject, or *", code="invalid-action")
    if ":" in name:
        raise Refusal(
            "an action must have only one colon, after its service", code="action-with-colons"
        )
    remedy = "List the actions of each service, or allow *" if re.search(r"[*?]", service) else ""
    rule = "an action's service must be named in full, without wildcards"
    raise Refusal(rule, code="invalid-action-service", remedy=remedy)


def check_resource(text: str) -> None:
    """Check a resource of an identity policy; Refusal where IAM takes none such."""
    if text == "*":
        return
    _check_variables(text)
    # A colon within a variable divides no fields.
    fields = VARIABLE.sub("x", text).split(":", ARN_FIELDS - 1)
    if fields[0] != "arn" or len(fields) == 1:
        raise Refusal(
            "must be an ARN, or *",
            code="invalid-resource",
            remedy="An S3 bucket's is arn:aws:s3:::BUCKET, its objects' arn:aws:s3:::BUCKET/*",
        )
    if not _PARTITION.fullmatch(fields[1]):
        raise Refusal(
            "an ARN's partition must be aws, aws-cn, aws-us-gov or another one of AWS's, or *",
            code="invalid-resource-partition",
        )
    if not NAMED_SERVICE["Resource"].fullmatch(":".join(fields)):
        raise Refusal(
            "an ARN's service must be named in full, without wildcards",
            code="invalid-resource-service",
            remedy="List the ARNs of each service, or use *",
        )
    _check_fields(fields)


def _check_fields(fields: list[str]) -> None:
    is_whole = len(fields) == ARN_FIELDS
    # An ARN may end early, but not after a field that is empty.
    if not (is_whole or all(fields)) or not all(
        map(_REGION_OR_ACCOUNT.fullmatch, fields[3:5] if is_whole else ())
    ):
        raise Refusal(
            "must be arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, in which region and account "
            "have letters, digits, hyphens and wildcards, or are empty",
            code="invalid-resource-form",
        )
    if fields[2] == "iam" and "".join(fields[3:4]):
        raise Refusal("an IAM resource's ARN must have no region", code="resource-with-region")
    if fields[2] == "s3" and is_whole and fields[3] and not fields[4]:
        raise Refusal("an S3 bucket's ARN must have no region", code="resource-with-region")
    if fields[2] == "iam" and not (is_whole and _IAM_RESOURCE.fullmatch(fields[5])):
        raise Refusal(
            "an IAM resource must be TYPE/NAME, such as role/deploy or user/*, or *",
            code="invalid-iam-resource",
        )


def _check_variables(text: str) -> None:
    if _CLOUDFORMATION in text:
        raise Refusal(
            "must not have CloudFormation's ${AWS::…}, which only CloudFormation replaces",
            code="cloudformation-variable",
            remedy="Write what it stands for",
        )


def check_condition(condition: object, where: FieldPath) -> None:
    """Check a statement's Condition; Refusal where IAM takes none such."""
    if not isinstance(condition, Mapping):
        raise Refusal(
            "must be an object", code="condition-not-object", where=where, value=condition
        )
    for operator, keys in condition.items():
        at = (*where, str(operator))
        if not isinstance(keys, Mapping):
            raise Refusal(
                "must be an object of condition keys and their values",
                code="condition-not-object",
                where=at,
                value=keys,
            )
        if keys:  # without keys, IAM takes any word for an operator
            _check_keys(parse_operator(operator, at), keys, at)


def parse_operator(name: object, where: FieldPath = ()) -> Operator:
    """Return a condition operator; Refusal where IAM has none such."""
    try:
        return Operator.parse(str(name))
    except ValueError:
        nearest = find_nearest_operator(str(name))
        raise Refusal(
            "there is no such condition operator",
            code="unknown-operator",
            remedy=f"Did you mean {nearest}?" if nearest else "",
            where=where,
            value=name,
        ) from None


def _check_keys(operator: Operator, keys: Mapping[Any, Any], where: FieldPath) -> None:
    for key, values in keys.items():
        at = (*where, str(key))
        for value in to_list(values):
            if not isinstance(value, str | int) and not (
                isinstance(value, float) and isfinite(value)
            ):
                raise Refusal(
                    "must be a string, a number, true or false, or a list of these",
                    code="invalid-condition-value",
                    remedy=suggest_quotes(value),
                    where=at,
                    value=value,
                )
            if isinstance(value, str):
                check_texts(value, at, _check_variables)
        for text in list_values(values) if operator.base.startswith("Date") else ():
            if not is_date(text):
                raise Refusal(
                    "must be a date in ISO 8601, such as 2026-12-31T18:00:00Z, or in epoch seconds",
                    code="invalid-condition-date",
                    where=at,
                    value=text,
                )


def suggest_quotes(value: object) -> str:
    """Suggest quotes for what YAML reads as a date."""
    return "Put it in quotes" if isinstance(value, date) else ""
