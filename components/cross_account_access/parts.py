"""Both halves of a component's grants: the parts of all its accounts, made and told of."""

from dataclasses import dataclass
from typing import Any

import pulumi

from .destination import TrustedRole
from .grants.fleet_set import FleetSet
from .grants.grant_set import GrantedRole
from .grants.policies import AssumableRole, build_assume_role_policy
from .grants.resolved_grant import ResolvedGrant
from .grants.trust import get_allowed_actions
from .source import AssumeRoleGrant
from .wiring.access_inputs import AccessInputs
from .wiring.children import build_alias, hand_down_options
from .wiring.inputs import apply_resolved
from .wiring.outputs import GrantOutputs, UsageOutputs, wait_for
from .wiring.source_principals import get_attachment_key


@dataclass(frozen=True)
class _Role:
    """A destination role, made here or elsewhere."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    unique_id: pulumi.Output[str] | None
    usage: UsageOutputs


class AccessParts:
    """What a component makes for its grants: a `TrustedRole` for each role whose account's part
    is made here, an `AssumeRoleGrant` for each such account's principals.

    Attributes:
        granted: Each role's outputs.
    """

    def __init__(
        self,
        component: pulumi.ComponentResource,
        inputs: AccessInputs,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        self._component = component
        self._inputs = inputs
        self._options = opts
        self._told: set[str] = set()
        self._summaries = {
            name: grant.summarize(name, inputs.resolve_role_tags(name))
            for name, grant in inputs.grants.items()
        }
        for name in sorted({name for name, account in inputs.roles if account in inputs.making}):
            if message := inputs.model.grants[name].describe_rename(name):
                pulumi.info(message, component)
        roles = {role: self._make_role(role) for role in inputs.roles}
        self._assume_role = self._make_assume_role_grants(roles)
        self.granted = {role: self._build_outputs(role, made) for role, made in roles.items()}

    @property
    def policies(self) -> pulumi.Output[dict[str, str]]:
        """The documents of the source's policies, by their ARNs."""
        # Roles share policies.
        made = {pair for one in self._assume_role.values() for pair in one._policies.values()}  # noqa: SLF001
        flat = [output for pair in made for output in pair]

        def build(*values: str) -> dict[str, str]:
            pairs = zip(values[::2], values[1::2], strict=True)
            return dict(sorted(pair for pair in pairs if pair[0]))  # mocks may make none

        return apply_resolved(flat, build)

    def _make_role(self, role: GrantedRole) -> _Role:
        inputs = self._inputs
        if role[1] not in inputs.making:
            return self._expect_role(role)
        provider, grant = inputs.making[role[1]], inputs.model.grants[role[0]]
        options = hand_down_options(
            self._options, parent=self._component, provider=provider, grant=grant
        )
        own_type = self._component.TYPE  # type: ignore[attr-defined] # both components have it
        options.aliases = [
            build_alias(own_type, inputs.name, component, name)
            for component, name in inputs.list_former_names(role)
        ]
        prepared: Any = inputs.role(role)  # read already: not read again
        made = TrustedRole(inputs.name_role(role), prepared, options)
        usage = made._usage  # noqa: SLF001 - not public
        return _Role(made.role_arn, made.role_name, made.role_unique_id, usage)

    def _expect_role(self, role: GrantedRole) -> _Role:
        """The role that is made elsewhere."""
        grant, destination = role
        inputs = self._inputs.grants[grant]
        model = self._inputs.model.grants[grant]

        def build_arn(resolved: ResolvedGrant) -> str:
            account = resolved.accounts[destination]
            return model.role_arn(grant, account.partition, account.id)

        # Nothing is made for a grant before its principals are found and checked.
        arn = inputs.identified.apply(build_arn)
        usage = UsageOutputs(arn, inputs, self._inputs.model.label_usage(role))
        return _Role(arn, pulumi.Output.from_input(model.role_name(grant)), None, usage)

    def _make_assume_role_grants(
        self, roles: dict[GrantedRole, _Role]
    ) -> dict[str, AssumeRoleGrant]:
        """The sources' parts, by what the principals' policies are called."""
        inputs = self._inputs
        arns = {role: made.arn for role, made in roles.items()}
        made = {}
        for label in inputs.assume_roles:
            provider = inputs.making[inputs.principals[label].account]
            prepared: Any = inputs.assume_role(label, arns)
            options = hand_down_options(self._options, parent=self._component, provider=provider)
            made[label] = AssumeRoleGrant(f"{inputs.name}-{label}", prepared, options)
        return made

    def _build_outputs(self, role: GrantedRole, made: _Role) -> GrantOutputs:
        attached = {
            label: self._assume_role[label]
            for label, principal in self._inputs.principals.items()
            if role in principal.actions
        }
        attachments = [
            attachment
            for one in attached.values()
            for attachment in one._attachments  # noqa: SLF001
        ]
        return GrantOutputs(
            role_arn=wait_for(made.arn, attachments),
            role_name=made.name,
            role_unique_id=made.unique_id,
            switch_role_url=made.usage.switch_role_url,
            switch_role_unavailable=made.usage.switch_role_unavailable,
            cli_profile=made.usage.cli_profile,
            longest_session=made.usage.longest_session,
            unattached_policy=self._build_unattached_policy(role, made.arn),
            assume_role_command=made.usage.assume_role_command,
            summary=self._summaries[role[0]],
            documents=self._build_record(role, made, attached),
        )

    def _build_record(
        self, role: GrantedRole, made: _Role, attached: dict[str, AssumeRoleGrant]
    ) -> pulumi.Output[str]:
        """What the accounts have of a grant, as JSON."""
        inputs, grant = self._inputs, self._inputs.model.grants[role[0]]
        many = isinstance(inputs.model, FleetSet)
        tags = inputs.resolve_role_tags(role[0])
        labels = [
            self._label(grant.source_of(principal), get_attachment_key(principal))
            for principal in sorted(grant.principals, key=lambda principal: principal.rank)
        ]
        policies = {
            label: one._policies[inputs.model.label_role(role)]  # noqa: SLF001
            for label, one in attached.items()
        }
        late_tags = {key: tag for key, tag in tags.items() if isinstance(tag, pulumi.Output)}
        ids = [made.unique_id] if made.unique_id else []

        def build(resolved: ResolvedGrant, *values: str) -> str:
            rest = iter(values)
            known_tags: dict[str, Any] = {**tags, **{key: next(rest) for key in late_tags}}
            role_id = next(rest) if ids else None
            contents = {label: (next(rest), next(rest)) for label in policies}
            record = resolved.record(
                *role,
                inputs.get_side(role),
                known_tags,
                inputs.list_made_accounts(role) if many else None,
            )
            found = [contents.get(label) if label else None for label in labels]
            return record.with_made(role_id, found).as_json()

        flat = [output for pair in policies.values() for output in pair]
        return apply_resolved(
            [inputs.grants[role[0]].complete, *late_tags.values(), *ids, *flat], build
        )

    def _label(self, account: str, key: str | None) -> str | None:
        return key and self._inputs.model.label_principal(account, key)

    def _build_unattached_policy(
        self, role: GrantedRole, role_arn: pulumi.Output[str]
    ) -> pulumi.Output[str] | None:
        model = self._inputs.model.grants[role[0]]
        principals = model.unattached_principals
        if not principals:
            return None
        if role[0] not in self._told:  # one line for all of its roles
            self._told.add(role[0])
            names = ", ".join(f"{str(p.kind).replace('_', ' ')} {p.identity}" for p in principals)
            pulumi.info(
                f"grant {role[0]}: its policy for {names} can't be attached from here; output "
                "unattached_policies",
                self._component,
            )
        actions = {
            action
            for principal in principals
            for action in get_allowed_actions(principal, model.conditions)
        }
        return role_arn.apply(
            lambda arn: build_assume_role_policy([AssumableRole(arn, tuple(sorted(actions)))])
        )
