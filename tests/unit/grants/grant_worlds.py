"""Grants, callers and requests of a small world, in which they often meet."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from cross_account_access.errors import InvalidInput
from cross_account_access.grants.grant import GrantModel
from cross_account_access.grants.model import read_model
from tests.unit.grants.grant_oracle import (
    IDENTITY_CENTER,
    RESERVED,
    SOURCE,
    Asked,
    Somebody,
    conditions_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

DESTINATION, OTHER = "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{DESTINATION}:role/deploy"
OURS, THEIRS = "o-a1b2c3d4e5", "o-a1b2c3d4e55"
ROOT = f"{OURS}/r-ab12/"
UNIT, BELOW, BESIDE = (
    f"{ROOT}ou-ab12-11111111/",
    f"{ROOT}ou-ab12-11111111/ou-ab12-22222222/",
    f"{ROOT}ou-ab12-111111111/",
)
CAN_MFA = {"user", "group", "account", "organization", "organizational_unit"}
NAMES, PATHS = ["a", "ab", "A"], ["/", "/a/", "/a/a/"]
PATTERNS = ["*b", "?b", "a/*b", "A*", "*_RO_*"]
SESSIONS = ["aa", "ab"]
SETS, SUFFIXES = ["RO", "RO_ab"], ["0123456789abcdef", "abcdef0123456789", "ab_0123456789abcdef"]
VPCS, ENDPOINTS = ["vpc-11111111", "vpc-22222222"], ["vpce-11111111", "vpce-22222222"]


def some(values: list[str]) -> SearchStrategy[list[str]]:
    """One or more of the values, each once, in any order."""
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


def tag_values(keys: list[str]) -> SearchStrategy[dict[str, list[str]]]:
    return st.dictionaries(st.sampled_from(keys), some(["x", "y", "?", "x*"]), min_size=1)


PEOPLE = st.builds(
    Somebody,
    st.sampled_from([SOURCE, SOURCE, OTHER]),
    st.sampled_from(NAMES),
    st.sampled_from(PATHS),
)
_sets = st.builds(
    "AWSReservedSSO_{}_{}".format,
    st.sampled_from(SETS),
    st.sampled_from([*SUFFIXES, "0123456789abcde", "more"]),
)
SESSIONS_OF_ROLES = st.builds(
    Somebody,
    st.sampled_from([SOURCE, SOURCE, OTHER]),
    st.sampled_from(NAMES) | _sets,
    st.sampled_from([*PATHS, RESERVED, f"{RESERVED}eu-west-1/"]),
    st.sampled_from(SESSIONS),
)
_organization_paths = st.sampled_from([None, ROOT, UNIT, BELOW, BESIDE, UNIT.replace(OURS, THEIRS)])
CALLERS = st.builds(
    lambda who, path: replace(who, organization_path=path),
    PEOPLE | SESSIONS_OF_ROLES,
    _organization_paths,
)
REQUESTS = st.builds(
    Asked,
    session_name=st.sampled_from([*NAMES, "aa", "${aws:username}"]),
    now=st.sampled_from(["2026-01-01T00:00:00Z", "2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"]),
    external_id=st.sampled_from([None, "id-1", "id-2", "id-3"]),
    mfa=st.sampled_from([None, False, True, True]),
    mfa_age=st.sampled_from([0, 59, 60]),
    ip=st.sampled_from(["203.0.113.7", "203.0.113.8", "2001:db8::1"]),
    vpc=st.sampled_from(VPCS),
    endpoint=st.sampled_from([None, None, *ENDPOINTS]),
    identity=st.sampled_from([None, None, "aa", "ab"]),
    tags=st.just({}) | st.dictionaries(st.sampled_from(["t", "u", "v"]), st.sampled_from("xyz")),
    transitive=st.sampled_from([(), ("t",), ("t", "u")]),
    own_tags=st.dictionaries(st.sampled_from(["t", "u"]), st.sampled_from("xyz")),
    agent=st.sampled_from([None, "aws-cli", "curl"]),
    provider=st.sampled_from([None] * 6 + [IDENTITY_CENTER, IDENTITY_CENTER.replace("Id", "d")]),
)

_ONE = {
    "external_id": st.just({"external_id": "id-1", "previous_external_id": "id-2"}),
    "mfa": st.booleans().map(lambda value: {"mfa": value}),
    "mfa_max_age": st.just({"mfa_max_age": 60}),
    "source_ips": some(["203.0.113.7", "203.0.113.0/29", "2001:db8::/48"]).map(
        lambda value: {"source_ips": value}
    ),
    "source_vpcs": some(VPCS).map(lambda value: {"source_vpcs": value}),
    "source_vpc_endpoints": some(ENDPOINTS).map(lambda value: {"source_vpc_endpoints": value}),
    "organizations": some([OURS, THEIRS]).map(lambda value: {"organizations": value}),
    "session_names": some(["ab", "A*", "${aws:username}"]).map(
        lambda value: {"session_names": value}
    ),
    "source_identities": some(["aa", "ab"]).map(lambda value: {"source_identities": value}),
    "allow_source_identity": st.booleans().map(lambda value: {"allow_source_identity": value}),
    "allow_identity_context": st.booleans().map(lambda value: {"allow_identity_context": value}),
    "allow_session_tags": (st.booleans() | some(["t", "u"])).map(
        lambda value: {"allow_session_tags": value}
    ),
    "session_tags": tag_values(["t", "u"]).map(lambda value: {"session_tags": value}),
    "transitive_tag_keys": st.just(
        {"session_tags": {"t": ["x", "y"]}, "transitive_tag_keys": ["t"]}
    ),
    "principal_tags": tag_values(["t", "u"]).map(lambda value: {"principal_tags": value}),
    "window": st.just({"not_before": "2026-01-02T00:00:00Z", "not_after": "2026-06-01T00:00:00Z"}),
    "raw": st.sampled_from(
        [
            {"raw": {"StringNotLike": {"aws:UserAgent": ["*curl*"]}}},
            {"raw": {"StringLike": {"sts:SourceIdentity": ["aa", "ab"]}}},
        ]
    ),
}


def conditions(principals: list[dict[str, Any]]) -> SearchStrategy[dict[str, Any]]:
    """Conditions that all of the principals can meet."""
    kinds = {
        key
        for principal in principals
        for key in principal
        if key not in {"trust_by", "conditions", "except_"}
    }
    possible = sorted(set(_ONE) - ({"mfa", "mfa_max_age"} if kinds - CAN_MFA else set()))
    one = st.sampled_from(possible).flatmap(_ONE.__getitem__)
    return st.lists(one, min_size=1, max_size=2).map(_joined).map(partial(_possible, kinds))


def _joined(parts: list[Any]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


def _possible(kinds: set[str], found: dict[str, Any]) -> dict[str, Any]:
    """The same without what none can meet."""
    if "source_identities" in found:
        found.pop("raw", None)  # which may have the same key
        found.pop("allow_source_identity", None)
    if "transitive_tag_keys" in found:
        found["session_tags"] = {"t": ["x", "y"], **found["session_tags"]}
    if "source_vpcs" in found or "source_vpc_endpoints" in found:
        found.pop("source_ips", None)
    if "session_names" in found and kinds != {"user"}:
        found["session_names"] = [
            name.replace("${aws:username}", "a?") for name in found["session_names"]
        ]
    if found.get("mfa_max_age"):
        found.pop("mfa", None)
    return found


_named = st.builds(
    lambda path, name: f"{path}{name}".removeprefix("/"),
    st.sampled_from(PATHS),
    st.sampled_from(NAMES),
)
_by = st.sampled_from([{}, {"trust_by": "id"}, {"trust_by": "name"}])


def _one_of(key: str, values: SearchStrategy[str]) -> SearchStrategy[dict[str, str]]:
    return values.map(lambda value: {key: value})


EXACT = st.builds(
    lambda identity, by: identity | by,
    _one_of("user", _named)
    | _one_of("role", _named)
    | _one_of(
        "arn",
        st.builds(
            f"arn:aws:iam::{SOURCE}:{{}}/{{}}".format, st.sampled_from(["user", "role"]), _named
        ),
    ),
    _by,
) | _one_of("session", st.builds("{}/{}".format, st.sampled_from(NAMES), st.sampled_from(SESSIONS)))
_EXCLUDED_NAMES: list[list[str]] = [
    *([], ["ab"], ["A"], ["A", "a"], ["a/ab", "a/A"], ["AWSReservedSSO_RO_0123456789abcdef"])
]


def _but(
    identities: SearchStrategy[dict[str, str]], account: str
) -> SearchStrategy[dict[str, Any]]:
    """Principals, some with exclusions: by ARN those of an account that is known at once."""
    arns = [f"arn:aws:iam::{account}:user/a", f"arn:aws:iam::{account}:role/a/ab"]
    return st.builds(
        lambda identity, exclusions: identity | ({"except_": exclusions} if exclusions else {}),
        identities,
        st.sampled_from([*_EXCLUDED_NAMES, arns]),
    )


WIDE = (
    _but(_one_of("group", st.sampled_from(NAMES)) | _one_of("account", st.just(SOURCE)), SOURCE)
    | _one_of("permission_set", st.sampled_from(SETS))
    | _one_of("role_pattern", st.sampled_from(PATTERNS))
    | _one_of("path", st.sampled_from(PATHS[1:]))
    | _but(
        _one_of("organization", st.sampled_from([OURS, THEIRS]))
        | _one_of("organizational_unit", st.sampled_from([UNIT, BELOW])),
        OTHER,
    )
)


@st.composite
def grants(
    draw: Callable[..., Any], principals: SearchStrategy[dict[str, Any]] = EXACT | WIDE
) -> dict[str, Any]:
    """A grant; it may be one that is refused."""
    found: list[dict[str, Any]] = draw(st.lists(principals, min_size=1, max_size=3))
    for principal in found:
        if draw(st.integers(0, 2)) == 0:
            principal["conditions"] = draw(conditions([principal]))
    grant: dict[str, Any] = {"principals": found}
    if draw(st.booleans()):
        able = [principal for principal in found if principal.keys() & CAN_MFA]
        grant["conditions"] = draw(conditions(able or found))
        for principal in found:
            if principal not in able and grant["conditions"].keys() & {"mfa", "mfa_max_age"}:
                principal["conditions"] = {"mfa": False} | principal.get("conditions", {})
    return grant


def without_refused_principals(grant: dict[str, Any]) -> dict[str, Any]:
    """The same with fewer principals where it is refused, so that most of several are taken."""
    try:
        read_model(GrantModel, grant)
    except InvalidInput:
        fewer = grant["principals"][:-1]
        return without_refused_principals({**grant, "principals": fewer}) if fewer else grant
    return grant


def callers_of(grant: Mapping[str, Any]) -> SearchStrategy[Somebody]:
    """Callers like the grant's principals, and others."""
    found = [
        _like_principal(key, value)
        for principal in grant["principals"]
        for key, value in principal.items()
        if isinstance(value, str) and key != "trust_by"
    ]
    return st.builds(
        lambda who, path: replace(who, organization_path=path),
        st.one_of(found),
        _organization_paths,
    )


def _like_principal(key: str, value: str) -> SearchStrategy[Somebody]:
    kind, _, rest = value.rpartition(":")[2].partition("/") if key == "arn" else (key, "", value)
    path, _, name = f"/{rest}".rpartition("/")
    sessions, regions = st.sampled_from(SESSIONS), st.sampled_from(["", "eu-west-1/"])
    match kind:
        case "user":
            return st.just(Somebody(SOURCE, name, f"{path}/"))
        case "role":
            return st.builds(
                Somebody, st.just(SOURCE), st.just(name), st.just(f"{path}/"), sessions
            )
        case "session":
            role, _, session = value.partition("/")
            return st.builds(
                Somebody, st.just(SOURCE), st.just(role), st.sampled_from(PATHS), st.just(session)
            )
        case "permission_set":
            names = st.sampled_from(SUFFIXES).map(lambda suffix: f"AWSReservedSSO_{value}_{suffix}")
            paths = regions.map(lambda region: f"{RESERVED}{region}")
            return st.builds(Somebody, st.just(SOURCE), names, paths, sessions)
        case _:
            return PEOPLE | SESSIONS_OF_ROLES


@st.composite
def requests_of(draw: Callable[..., Any], grant: Mapping[str, Any]) -> Asked:
    """A request that meets most of what one of the grant's principals is asked for."""
    principal = draw(st.sampled_from(grant["principals"]))
    under = conditions_of(grant, principal)
    asked: Asked = draw(REQUESTS)
    calm: dict[str, Any] = (
        {"identity": None, "tags": {}, "transitive": (), "endpoint": None}
        if draw(st.integers(0, 3))
        else {}
    )
    asked = replace(asked, **calm)
    for key in sorted(under):
        if draw(st.integers(0, 7)):
            asked = replace(asked, **_MEETING[key](under[key]))
    return asked


def _fill(pattern: str) -> str:
    return pattern.replace("?", "y").replace("*", "")


def _address_in(known: str) -> str:
    return known.replace("::/48", "::1").partition("/")[0]


_MEETING: dict[str, Callable[[Any], dict[str, Any]]] = {
    "external_id": lambda _: {"external_id": "id-1"},
    "previous_external_id": lambda _: {"external_id": "id-2"},
    "mfa": lambda _: {"mfa": True},
    "mfa_max_age": lambda _: {"mfa": True, "mfa_age": 59},
    "source_ips": lambda ranges: {"endpoint": None, "ip": _address_in(ranges[0])},
    "source_vpcs": lambda known: {"vpc": known[0], "endpoint": ENDPOINTS[0]},
    "source_vpc_endpoints": lambda known: {"endpoint": known[0]},
    "organizations": lambda _: {},
    "session_names": lambda _: {"session_name": "ab"},
    "source_identities": lambda known: {"identity": known[0]},
    "allow_source_identity": lambda _: {},
    "allow_identity_context": lambda _: {},
    "allow_session_tags": lambda _: {},
    "session_tags": lambda tags: {"tags": {tag: _fill(values[0]) for tag, values in tags.items()}},
    "transitive_tag_keys": lambda keys: {"transitive": tuple(keys)},
    "principal_tags": lambda tags: {
        "own_tags": {tag: _fill(values[0]) for tag, values in tags.items()}
    },
    "not_before": lambda _: {"now": "2026-05-31T23:59:59Z"},
    "not_after": lambda _: {"now": "2026-05-31T23:59:59Z"},
    "raw": lambda _: {"agent": None},
}
