"""Opens access from the stack's source account to its destination account, as its config says."""

import pulumi

import stack_config
from cross_account_access import CrossAccountAccess

settings = stack_config.load()
args = stack_config.make_args(settings)
if settings.source.account_id:
    args["source_account_id"] = settings.source.account_id
if settings.destination.account_id:
    args["destination_account_id"] = settings.destination.account_id
if settings.side != "destination":
    args["source_provider"] = stack_config.make_provider(
        settings.source, "source", settings.encrypted
    )
if settings.side != "source":
    args["destination_provider"] = stack_config.make_provider(
        settings.destination, "destination", settings.encrypted
    )

access = CrossAccountAccess("access", args)
pulumi.export("grants", stack_config.outputs(access))
