"""What Access Analyzer says of the documents: https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions
from botocore.config import Config

from cross_account_access.cli.accounts import DENIED, AwsAccess, get_error_code
from cross_account_access.grants.documents import GrantDocuments
from cross_account_access.iam.findings import AccountSide

from .drift_findings import DriftFinding, Unchecked, make_finding

_GRAVE = frozenset({"ERROR", "SECURITY_WARNING"})
_QUICK = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=10
)
_WHAT = "what Access Analyzer says of the documents"


@dataclass(frozen=True)
class Remark:
    """A warning or suggestion of Access Analyzer's, which is no finding."""

    told: str


@dataclass
class Analyzer:
    """Access Analyzer, asked with somebody's credentials; it is asked no more once it can't be.

    Attributes:
        aws: The credentials.
        refused: Why it can't be asked.
    """

    aws: AwsAccess
    refused: Unchecked | None = None
    _kept: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def validate(
        self, documents: GrantDocuments, half: AccountSide, name: str, document: Mapping[str, Any]
    ) -> Iterator[DriftFinding | Remark]:
        """What it says of one document.

        Args:
            documents: The grant that the document is of.
            half: Which half of it: a trust policy is the destination's.
            name: The document's, for messages.
            document: The document.
        """
        for told in self._ask(half, document):
            text = f"{name}: {told.get('issueCode')}: {told.get('findingDetails')} ({told.get('learnMoreLink')})"
            if told.get("findingType") in _GRAVE:
                yield make_finding(documents, "access-analyzer", text, half=half)
            else:
                yield Remark(text)

    def _ask(self, half: AccountSide, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if self.refused is not None:
            return []
        kind = {"policyType": "IDENTITY_POLICY"}
        if half == "destination":
            resource = "AWS::IAM::AssumeRolePolicyDocument"
            kind = {"policyType": "RESOURCE_POLICY", "validatePolicyResourceType": resource}
        text = json.dumps(document)
        try:
            if text not in self._kept:
                self._kept[text] = list(
                    self._client().validate_policy(policyDocument=text, **kind)["findings"]
                )
            return self._kept[text]
        except botocore.exceptions.ClientError as error:
            denied = get_error_code(error) in DENIED
            permission = "access-analyzer:ValidatePolicy"
            why = (
                f"the credentials lack {permission}"
                if denied
                else f"it can't be asked here: {get_error_code(error)}"
            )
            self.refused = Unchecked(_WHAT, why, permission if denied else None)
        except (botocore.exceptions.BotoCoreError, KeyError) as error:
            self.refused = Unchecked(_WHAT, f"it can't be asked: {type(error).__name__}")
        return []

    def _client(self) -> Any:
        session: Any = self.aws.session()
        return session.client(
            "accessanalyzer",
            region_name=session.region_name or "us-east-1",
            endpoint_url=self.aws.endpoint,
            config=_QUICK,
        )
