"""Grants to draw maps of: those of the examples, and some that no example has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import stack_config
from cross_account_access.cli.map.map_builder import build_access_map
from cross_account_access.config.settings import PairSettings
from cross_account_access.grants.documents import GrantDocuments, build_grant_documents

if TYPE_CHECKING:
    from cross_account_access.cli.map.access_map import AccessMap
    from cross_account_access.grants.grant import GrantModel

ROOT = Path(__file__).parents[3]
SOURCE, DESTINATION, THIRD = "111111111111", "222222222222", "333333333333"
SECRET = "partner-7f3a"
EXAMPLES = [
    ROOT / "Pulumi.dev.yaml",
    *sorted(file for file in ROOT.glob("examples/*/Pulumi.*.yaml") if file.parent.name != "fleet"),
]
HOSTILE = "<script>alert(1)</script>\"'&]--><!-- `%% ${x}\x1b[31m\u202e"


def of_config(
    grants: dict[str, Any], source: str = SOURCE, destination: str = DESTINATION, **more: Any
) -> list[GrantDocuments]:
    """What a stack with this config has in its outputs."""
    settings = stack_config.check({"grants": grants, **more})
    assert isinstance(settings, PairSettings)
    return [
        build_grant_documents(
            name,
            grant,
            side=settings.side,
            tags={**settings.tags, **grant.role.tags},
            partition="aws",
            source=source,
            destination=destination,
        )
        for name, grant in settings.grants.items()
    ]


def of_model(grant: GrantModel) -> GrantDocuments:
    """What a stack with this grant alone has in its outputs."""
    accounts = {"partition": "aws", "source": SOURCE, "destination": DESTINATION}
    return build_grant_documents("it", grant, side="both", tags={}, **accounts)


def of_file(file: Path) -> list[GrantDocuments]:
    """The same of an example's stack."""
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    source = config["cross-account-access:source"]["accountId"]
    return of_config(config["cross-account-access:grants"], source)


def fleet(destinations: int = 12, grants: int = 1) -> list[tuple[str, GrantDocuments]]:
    """What one stack of people and many accounts has in its outputs, every part made by it.

    The even grants leave the first account out.
    """
    config = {
        f"grant-{number}": {
            "principals": [{"user": "alice"}, {"group": "operators"}, {"role": "ci"}][: number + 1],
            "role": {"managedPolicies": ["ReadOnlyAccess"]},
            **({"conditions": {"sourceIps": ["203.0.113.0/24"]}} if number % 2 else {}),
        }
        for number in range(1, grants + 1)
    }
    return [
        (
            "hub",
            record.model_copy(update={"account": f"team-{number:03}", "made": [SOURCE, account]}),
        )
        for number in range(1, destinations + 1)
        for account in [f"{200_000_000_000 + number}"]
        for record in of_config(config, destination=account)
        if number > 1 or record.grant[-1] in "13579"
    ]


def drawn(grants: dict[str, Any], **more: Any) -> AccessMap:
    return build_access_map(("dev", documents) for documents in of_config(grants, **more))


def chain() -> AccessMap:
    """People reach a hub's role, and that role and its CI session reach on into a third account."""
    first = of_config(
        {
            "hub": {
                "principals": [{"user": "alice"}, {"group": "operators"}],
                "role": {"path": "/team/"},
            },
            "ci": {"principals": [{"role": "build"}]},
        }
    )
    second = of_config(
        {
            "spoke": {"principals": [{"role": "team/hub"}]},
            "deploy": {
                "principals": [{"session": "ci/release"}, {"user": "local"}],
                "role": {"maxSessionDuration": 14400},
            },
        },
        source=DESTINATION,
        destination=THIRD,
    )
    return build_access_map(
        [("people", grant) for grant in first] + [("spokes", grant) for grant in second]
    )


def circle() -> AccessMap:
    """Two roles that trust each other, and nobody who gets in from outside."""
    there = of_config({"there": {"principals": [{"role": "back"}]}})
    back = of_config(
        {"back": {"principals": [{"role": "there"}]}}, source=DESTINATION, destination=SOURCE
    )
    return build_access_map(
        [("one", grant) for grant in there] + [("two", grant) for grant in back]
    )


def hostile() -> AccessMap:
    """Texts that would be markup, or move the cursor, wherever a config has free text."""
    grants = of_config(
        {
            "odd": {
                "principals": [{"user": "a+b=c,d.e@f-g"}],
                "role": {"description": "soon", "tags": {"owner": "soon"}},
                "conditions": {"raw": {"StringNotLike": {"aws:UserAgent": ["soon"]}}},
            }
        }
    )
    role = grants[0].role
    trust = json.loads(json.dumps(role.trust_policy).replace('"soon"', json.dumps(HOSTILE)))
    hostile = {"description": HOSTILE, "tags": {HOSTILE: HOSTILE}, "trust_policy": trust}
    role = role.model_copy(update=hostile)
    return build_access_map(
        [(HOSTILE, grants[0].model_copy(update={"role": role, "grant": HOSTILE}))]
    )


def large(principals: int = 200, roles: int = 100) -> AccessMap:
    """Many principals of four accounts, and many roles of nine others."""
    made: list[tuple[str, GrantDocuments]] = []
    for number in range(roles):
        home = number % 4
        users = sorted(
            {(number * 7 + step * 13) % (principals // 4) * 4 + home for step in range(4)}
        )
        grants = of_config(
            {
                f"role-{number:03}": {
                    "principals": [{"user": f"user-{user:03}"} for user in users],
                    "conditions": {"mfa": True}
                    if number % 2
                    else {"sourceIps": ["203.0.113.0/24"]},
                }
            },
            source=f"{home + 1:012}",
            destination=f"{number % 9 + 10:012}",
        )
        made += [("large", grant) for grant in grants]
    return build_access_map(made)


def outputs(*grants: GrantDocuments) -> str:
    """A stack's outputs as a file has them."""
    return json.dumps({"grants": {grant.grant: {"documents": grant.as_json()} for grant in grants}})
