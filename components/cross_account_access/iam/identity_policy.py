"""Identity policies as users give them: checked, rendered in one form, and what is seldom meant.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Mapping
from typing import Any

from .json_text import parse_json
from .policy_document import list_statements
from .policy_grammar import OLD_VERSION, VERSION, check_policy

__all__ = ["VERSION", "check_identity_policy", "find_warnings", "render_document"]


def render_document(document: Mapping[str, Any]) -> str:
    """Render a document as text without white space, its keys in their order."""
    return json.dumps(document, separators=(",", ":"))


def find_warnings(document: str) -> list[str]:
    """Describe what a checked identity policy allows but seldom means to."""
    policy = json.loads(document)
    warnings = [
        f"statement {number} has {element} with Allow, which allows {allowed}, new ones of AWS too"
        for number, statement in enumerate(list_statements(policy), start=1)
        for element, allowed in (
            ("NotAction", "every other action"),
            ("NotResource", "every other resource"),
        )
        if statement["Effect"] == "Allow" and element in statement
    ]
    if policy["Version"] == OLD_VERSION and "${" in document:
        warnings.append(
            f"Version {OLD_VERSION} has no policy variables: ${{…}} is plain text in it"
        )
    return warnings


def check_identity_policy(document: object) -> str:
    """Check an inline policy, an object or JSON text, and render it in one form.

    One without Version becomes one of 2012-10-17, so that its policy variables are replaced.

    Raises:
        Refusal: Where IAM would not save it.
    """
    policy = parse_json(document) if isinstance(document, str) else document
    return render_document({"Version": VERSION, **check_policy(policy, "inline")})
