"""`python -m cross_account_access.cli`."""

from . import run

run()
