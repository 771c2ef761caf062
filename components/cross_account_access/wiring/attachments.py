"""What the components of one program attach to one principal, without knowing of each other."""

import asyncio
from dataclasses import dataclass, field, replace
from operator import attrgetter
from weakref import WeakKeyDictionary

import pulumi

from cross_account_access.grants.assume_role_grant import AssumeRoleGrantModel
from cross_account_access.grants.resolved_grant import Account
from cross_account_access.iam.quotas import Quota

_FEW_COMPONENTS = 2
_get_most = attrgetter("most")


@dataclass
class _Attached:
    """How many policies each component attaches to a principal, and how many may attach."""

    quota: Quota
    policies: dict[str, int] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)


# By the account's ID and the principal, for each program: Pulumi runs each in a loop of its own.
_Principals = dict[tuple[str, str], _Attached]
_programs: WeakKeyDictionary[asyncio.AbstractEventLoop, _Principals] = WeakKeyDictionary()


def warn_of_components(
    component: pulumi.ComponentResource,
    name: str,
    account: pulumi.Output[Account],
    model: AssumeRoleGrantModel,
    policies: int,
) -> None:
    """Warn where a program attaches policies to a principal by a component for each account.

    Only roles of one component share policies, and so the policy of an eleventh one isn't attached.
    AWS may have raised the quota, so that this is no refusal.

    Args:
        component: The component that attaches them.
        name: Its name.
        account: The principal's account.
        model: Its args.
        policies: How many policies it attaches.
    """

    def note(owner: Account) -> None:
        program = _programs.setdefault(asyncio.get_running_loop(), {})
        quota = max(replace(model.policies_quota, given=None), model.policies_quota, key=_get_most)
        attached = program.setdefault((owner.id, model.principal.key), _Attached(quota))
        attached.policies[name] = policies
        attached.quota = max(attached.quota, quota, key=_get_most)
        if (warning := _choose_warning(attached)) and warning not in attached.warned:
            attached.warned |= {warning, "shared"}
            pulumi.warn(_describe(warning, attached, model.principal.display_name), component)

    account.apply(note)


def _choose_warning(attached: _Attached) -> str | None:
    total = sum(attached.policies.values())
    if total > attached.quota.most:
        return "too-many"
    shared = len(attached.policies) > _FEW_COMPONENTS and 2 * total >= attached.quota.most
    return "shared" if shared else None


def _describe(warning: str, attached: _Attached, principal: str) -> str:
    total, components = sum(attached.policies.values()), len(attached.policies)
    quota = attached.quota
    remedy = "A MultiAccountAccess lets a principal's roles in all accounts share policies"
    raised = f". {quota.remedy}" if quota.remedy else ""
    if warning == "too-many":
        return (
            f"{principal} would have {total} policies of {components} components attached, more "
            f"than the {quota.most} that AWS attaches to it. {remedy}{raised}"
        )
    return (
        f"{components} components attach {total} of the {quota.most} policies that AWS attaches "
        f"to {principal}: {', '.join(attached.policies)}. {remedy}"
    )
