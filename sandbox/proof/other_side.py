"""The parts that a stack leaves to the owners of other accounts."""

from collections.abc import Mapping

from cross_account_access.config.settings import Settings
from cross_account_access.grants.packing import pack_roles
from cross_account_access.grants.policies import AssumableRole, build_planned_policy
from cross_account_access.grants.principals import PrincipalModel
from cross_account_access.grants.trust import build_trust_policy, get_allowed_actions
from cross_account_access.iam import limits
from sandbox.aws.endpoint import client, get_partition
from sandbox.deploy.resource_handlers import make_resource
from sandbox.deploy.stack import get_account_ids, get_region, list_roles
from sandbox.proof.people import IamName, name_in_iam

_ATTACHABLE = ("user", "role", "group")


def make_roles(endpoint: str, settings: Settings) -> None:
    """Create the roles of accounts whose parts the stack doesn't make, as their owners would."""
    ids = get_account_ids(settings)
    iam = {}
    for name, account in list_roles(settings):
        if account in settings.made:
            continue
        grant, region = settings.grants[name], get_region(settings, account)
        if account not in iam:
            iam[account] = client("iam", endpoint, account=ids[account], region=region)
        principals = [one.located_in(ids[grant.source_of(one)]) for one in grant.principals]
        partition = get_partition(region)
        own_role = grant.own_role_arn(name, partition, ids[account])
        inputs = {
            "name": grant.role_name(name),
            "path": grant.role.path,
            "assumeRolePolicy": build_trust_policy(
                principals, grant.conditions, partition, "", own_role
            ),
            "maxSessionDuration": grant.role.max_session_duration or 3600,
        }
        make_resource("aws:iam/role:Role", iam[account], inputs)
        for policy, document in grant.role.build_generated_policies(
            own_role, grant.own_actions
        ).items():
            inputs = {"name": policy, "role": grant.role_name(name), "policy": document}
            make_resource("aws:iam/rolePolicy:RolePolicy", iam[account], inputs)


def allow_principals(endpoint: str, settings: Settings, role_arns: Mapping[str, str]) -> None:
    """Let the principals of accounts whose parts the stack doesn't make assume the roles.

    Args:
        endpoint: The emulated accounts.
        settings: The stack's config.
        role_arns: The roles' ARNs by what the roles are called.
    """
    ids = get_account_ids(settings)
    for (account, kind, _), (name, roles) in _collect_roles(settings, role_arns).items():
        region = get_region(settings, account)
        iam = client("iam", endpoint, account=ids[account], region=region)
        attachment = f"aws:iam/{kind}PolicyAttachment:{kind.title()}PolicyAttachment"
        most = limits.RAISED_POLICIES_PER_PRINCIPAL[kind]
        packed = pack_roles(roles, min(settings.policies_per_principal, most))
        plans = [plan for plan in packed if plan.roles]
        for number, plan in enumerate(plans, start=1):
            inputs = {
                "name": f"sandbox-{number}-{kind}-{name}"[: limits.POLICY_NAME.most],
                "policy": build_planned_policy(plan, roles),
            }
            policy = make_resource("aws:iam/policy:Policy", iam, inputs)
            make_resource(attachment, iam, {kind: name, "policyArn": policy.id})


def _collect_roles(
    settings: Settings, role_arns: Mapping[str, str]
) -> dict[IamName, tuple[str, dict[str, AssumableRole]]]:
    """The roles of each principal that the stack leaves to others, with its name."""
    found: dict[IamName, tuple[str, dict[str, AssumableRole]]] = {}
    for role in list_roles(settings):
        grant, label = settings.grants[role[0]], settings.label_role(role)
        for principal in grant.principals:
            source = grant.source_of(principal)
            key = name_in_iam(source, principal)
            if source in settings.made or key[1] not in _ATTACHABLE:
                continue
            actions = {*get_allowed_actions(principal, grant.conditions)}
            _, roles = found.setdefault(key, (_name_entity(principal), {}))
            if label in roles:
                actions |= {*roles[label].actions}
            roles[label] = AssumableRole(role_arns[label], tuple(sorted(actions)))
    return found


def _name_entity(principal: PrincipalModel) -> str:
    return principal.entity.name if principal.entity else str(principal.session).partition("/")[0]
