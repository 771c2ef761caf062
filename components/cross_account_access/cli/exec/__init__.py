"""The command `exec`: runs a command with the credentials of a grant's role."""
