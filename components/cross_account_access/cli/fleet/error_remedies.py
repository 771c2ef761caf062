"""What to do about the failures of a stack that people meet."""

import re

_REMEDIES = (
    (
        r"stack is (currently )?locked|another update of the stack|\[409\] Conflict",
        "If nobody runs that update any more, lift its lock: `pulumi cancel -s {stack}`.",
    ),
    (
        r"EntityAlreadyExists|already exists",
        "Something of that name is in the account: delete it, or take it over with `imports`.",
    ),
    (
        r"because it is protected|marked for protection",
        "A grant has `protect`: set it to false and run `fleet up` first, if it is meant.",
    ),
    (
        r"passphrase",
        "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's passphrase.",
    ),
    (
        r"ExpiredToken|token .*expired|InvalidClientTokenId|SignatureDoesNotMatch",
        "The account's credentials are not valid or have expired: sign in again.",
    ),
    (
        r"[Nn]o valid credential sources|failed to retrieve credentials|shared config profile",
        "There are no credentials for the account: see its `profile` in the access file.",
    ),
    (
        r"AWS account ID not allowed|must be the account of the credentials",
        "The credentials are of that account: see the stack's account in the access file.",
    ),
    (
        r"NoSuchEntity|couldn't find resource",
        "Create the user, role or group that a grant names, or correct its name and path.",
    ),
    (
        r"the key that an external ID refers to",
        "Name the stack: -s {stack}. Each stack that makes a part of the grant needs the value.",
    ),
    (r"AccessDenied|not authorized to perform", "The account's credentials lack that permission."),
    (
        r"Invalid principal|MalformedPolicyDocument",
        "The principals must exist first: check their names, and deploy the stack that makes them.",
    ),
    (r"[Tt]hrottling|Rate exceeded", "AWS throttles: run it with a smaller --parallel."),
    (r"not a virtualenv|pulumi install", "Run `pulumi install` in the project's folder."),
    (r"[Pp]lugin.*(not found|could not|no resource plugin)", "Run `pulumi install`."),
)


def find_remedy(message: str, stack: str, verb: str) -> str:
    """What to do about a failure; empty where nobody knows."""
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, message):
            return remedy.format(stack=stack, verb=verb)
    return ""
