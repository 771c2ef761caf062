"""The half that a one-sided stack leaves to the other account's owner."""

from collections.abc import Mapping
from contextlib import suppress

from cross_account_access.config.settings import PairSettings
from cross_account_access.grants import policies
from cross_account_access.grants.trust import build_trust_policy, get_allowed_actions
from sandbox.aws.endpoint import client, get_partition
from sandbox.deploy.stack import get_account_ids, get_region


def make_roles(endpoint: str, settings: PairSettings) -> None:
    """Create the destination's roles, as its owner would for a stack of side `source`."""
    source, destination = get_account_ids(settings)
    region = get_region(settings)
    iam = client("iam", endpoint, account=destination, region=region)
    for name, grant in settings.grants.items():
        role = grant.role_name(name)
        trust = build_trust_policy(
            grant.principals, grant.conditions, get_partition(region), source
        )
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(
                RoleName=role,
                Path=grant.role.path,
                AssumeRolePolicyDocument=trust,
                MaxSessionDuration=grant.role.max_session_duration or 3600,
            )
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)


def allow_principals(endpoint: str, settings: PairSettings, role_arns: Mapping[str, str]) -> None:
    """Let the principals assume the roles, as the source's owner would."""
    source, _ = get_account_ids(settings)
    iam = client("iam", endpoint, account=source, region=get_region(settings))
    for name, grant in settings.grants.items():
        for principal in grant.principals:
            actions = get_allowed_actions(principal, grant.conditions)
            policy = {
                "PolicyName": f"sandbox-{name}",
                "PolicyDocument": policies.build_assume_role_policy(
                    [policies.AssumableRole(role_arns[name], actions)]
                ),
            }
            entity = principal.entity
            if principal.session is not None:
                iam.put_role_policy(RoleName=principal.session.partition("/")[0], **policy)
            elif entity and entity.kind == "user":
                iam.put_user_policy(UserName=entity.name, **policy)
            elif entity and entity.kind == "role":
                iam.put_role_policy(RoleName=entity.name, **policy)
            elif entity:
                iam.put_group_policy(GroupName=entity.name, **policy)
