"""The destination's half as plain data: a role, and who of which account may assume it."""

from typing import Annotated

from pydantic import model_validator

from cross_account_access.errors import Key, Refusal, locate
from cross_account_access.iam.limits import check_account_id

from .account_limits import NOT_RAISED, LimitsModel
from .condition_values import check_known_tags
from .grant import RoleGrantModel, check_import_ids
from .grant_set import refuse_account_key
from .model import Unresolved, plain, when_known
from .roles import Tags, merge_tags


class TrustedRoleModel(RoleGrantModel):
    """Checked `destination.TrustedRoleArgs`."""

    source_account_id: Annotated[str | Unresolved, when_known(check_account_id)]
    limits: LimitsModel = NOT_RAISED
    tags: Annotated[Tags, plain(check_known_tags)] = {}
    imports: Annotated[dict[str, str], plain(check_import_ids)] = {}

    @model_validator(mode="after")
    def _check_together(self) -> "TrustedRoleModel":
        for position, principal in enumerate(self.principals):
            if principal.source:
                with locate(Key("principals"), position):
                    raise refuse_account_key("source", principal.source)
        if self.role.self_assuming and self.role.name is None:
            raise Refusal(
                "must not be true for a role without a name: its trust policy names itself",
                code="self-assuming-without-name",
                remedy="Set the role's name too",
                where=(Key("role"), Key("self_assuming")),
                value=True,
            )
        self.check_limits(self.limits)
        with locate(Key("role"), Key("tags")):
            merge_tags(self.tags, self.role.tags)
        return self
