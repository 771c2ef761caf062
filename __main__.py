"""Opens access between the stack's accounts, as its config says: a pair of them, or many."""

import stack_config
from cross_account_access import CrossAccountAccess, MultiAccountAccess
from cross_account_access.config.settings import PairSettings

stack_config.end_at_interrupt()
settings = stack_config.load()
access: CrossAccountAccess | MultiAccountAccess
if isinstance(settings, PairSettings):
    access = CrossAccountAccess("access", stack_config.make_pair_args(settings))
else:
    access = MultiAccountAccess("access", stack_config.make_fleet_args(settings))
stack_config.export(access, settings)
