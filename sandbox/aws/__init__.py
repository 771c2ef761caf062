"""The emulated accounts: moto behind AWS's own decisions and refusals.

Nothing here knows of stacks or grants.
"""
