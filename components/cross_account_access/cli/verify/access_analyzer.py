"""Access Analyzer's checks of a grant's documents.

https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions
from botocore.config import Config

from cross_account_access.cli.aws_access import DENIED, AwsAccess, get_error_code
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import AccountSide

from .drift_findings import DriftFinding, Unchecked, make_finding

_GRAVE = frozenset({"ERROR", "SECURITY_WARNING"})
_QUICK = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=10
)
_PERMISSION = "access-analyzer:ValidatePolicy"
_RESOURCE_TYPE = "AWS::IAM::AssumeRolePolicyDocument"


@dataclass(frozen=True)
class Remark:
    """A warning or suggestion of Access Analyzer, which is not a finding."""

    message: str


@dataclass
class AccessAnalyzer:
    """Access Analyzer, called with somebody's credentials until it is unavailable.

    Attributes:
        aws: The credentials.
        unavailable: Why it cannot be called; None while it can.
    """

    aws: AwsAccess
    unavailable: Unchecked | None = None
    _cache: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def validate(
        self, documents: GrantDocuments, half: AccountSide, name: str, document: Mapping[str, Any]
    ) -> Iterator[DriftFinding | Remark]:
        """Validate one document.

        Args:
            documents: The grant of the document.
            half: Its half of the grant: a trust policy is in the destination.
            name: The document's name, for messages.
            document: The document.
        """
        for issue in self._validate_policy(half, document):
            text = f"{issue.get('issueCode')}: {issue.get('findingDetails')}"
            message = f"{name}: {text} ({issue.get('learnMoreLink')})"
            if issue.get("findingType") in _GRAVE:
                yield make_finding(documents, "access-analyzer", message, half=half)
            else:
                yield Remark(message)

    def _validate_policy(
        self, half: AccountSide, document: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        if self.unavailable is not None:
            return []
        kind = {"policyType": "IDENTITY_POLICY"}
        if half == "destination":
            kind = {"policyType": "RESOURCE_POLICY", "validatePolicyResourceType": _RESOURCE_TYPE}
        text = json.dumps(document)
        try:
            if text not in self._cache:
                answer = self._client().validate_policy(policyDocument=text, **kind)
                self._cache[text] = list(answer["findings"])
            return self._cache[text]
        except botocore.exceptions.ClientError as error:
            code = get_error_code(error)
            if code in DENIED:
                self._give_up(f"the credentials lack {_PERMISSION}", _PERMISSION)
            else:
                self._give_up(f"it is not available: {code}")
        except (botocore.exceptions.BotoCoreError, KeyError) as error:
            self._give_up(f"it is not available: {type(error).__name__}")
        return []

    def _give_up(self, why: str, permission: str | None = None) -> None:
        self.unavailable = Unchecked("the documents, by Access Analyzer", why, permission)

    def _client(self) -> Any:
        return self.aws.client("accessanalyzer", _QUICK)
