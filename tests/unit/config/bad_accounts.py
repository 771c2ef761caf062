"""Bad config: many accounts, and keys that belong to the other form."""

from __future__ import annotations

from tests.unit.config.bad_config import OTHER, REMOVED, Bad, BadFleet

PRODUCTION = "accounts.production"

ACCOUNTS = [
    BadFleet("a side beside accounts", "key-of-other-form", {"side": "source"}),
    BadFleet("a source beside accounts", "key-of-other-form", {"source": {"profile": "people"}}),
    BadFleet("a destination beside accounts", "key-of-other-form", {"destination": {"x": 1}}),
    Bad("only without accounts", "key-of-other-form", {"only": ["people"]}),
    Bad("groups of a source", "key-of-other-form", {"source.groups": ["workloads"]}),
    Bad("lookUp of a destination", "key-of-other-form", {"destination.lookUp": True}),
    Bad("a pair's source by name", "key-of-many-accounts", {"grants.deploy.source": "people"}),
    Bad(
        "a pair's destinations",
        "key-of-many-accounts",
        {"grants.deploy.destinations": ["production"]},
    ),
    Bad("a pair's exclusions", "key-of-many-accounts", {"grants.deploy.exclude": ["production"]}),
    Bad(
        "a principal of another account than the pair's",
        "key-of-many-accounts",
        {"grants.deploy.principals[0].source": "people"},
    ),
    Bad("misspelt accounts", "unknown-key", {"acounts": {}}),
    BadFleet("accounts that are null", "null-value", {"accounts": None}),
    BadFleet("accounts that are a list", "not-map", {"accounts": ["people"]}),
    BadFleet("an account that is text", "not-object", {PRODUCTION: "222222222222"}),
    BadFleet(
        "an account's name with a space", "invalid-account-or-group-name", {"accounts.a b": {}}
    ),
    BadFleet("a misspelt key of an account", "unknown-key", {f"{PRODUCTION}.lookup": True}),
    BadFleet("text for lookUp", "not-boolean", {f"{PRODUCTION}.lookUp": "yes"}),
    BadFleet("a group without its list", "not-list", {f"{PRODUCTION}.groups": "workloads"}),
    BadFleet(
        "credentials of another account than the one named",
        "credentials-of-other-account",
        {"accounts.people.accountId": "555555555555"},
    ),
    BadFleet("one account by two names", "account-named-twice", {f"{PRODUCTION}.accountId": OTHER}),
    BadFleet(
        "a region of another partition than those of the others",
        "two-partitions",
        {f"{PRODUCTION}.region": "cn-north-1", "accounts.ci.region": "us-east-1"},
    ),
    BadFleet(
        "an account that no grant names",
        "unused-account",
        {"accounts.lab": {"accountId": "555555555555"}},
    ),
    BadFleet(
        "a destination that there isn't",
        "unknown-account",
        {"grants.deploy.destinations[0]": "prod"},
    ),
    BadFleet(
        "an unknown name in only", "unknown-account", {"only": ["people", "prod"]}, path="only[1]"
    ),
    BadFleet("a group in only", "unknown-account", {"only": ["workloads"]}, path="only[0]"),
    BadFleet("an account twice in only", "repeated-value", {"only": ["ci", "ci"]}),
    BadFleet("only of no account", "not-filled-list", {"only": []}),
    BadFleet("only that is text", "not-filled-list", {"only": "people"}),
    BadFleet(
        "all accounts, and one more, in only",
        "invalid-account-or-group-name",
        {"only": ["*", "people"]},
        path="only[0]",
    ),
    BadFleet(
        "an account outside only without its ID",
        "missing-account-id",
        {f"{PRODUCTION}.accountId": REMOVED, "only": ["people"]},
    ),
    BadFleet(
        "an account that is looked up, without its ID",
        "missing-account-id",
        {"accounts.ci.accountId": REMOVED, "only": ["people"]},
    ),
    BadFleet("a file that is a list", "invalid-file", {"file": ["access.yaml"]}),
    BadFleet("a file by its absolute path", "invalid-file", {"file": "/etc/passwd"}),
]
