"""The program's config: accounts, credentials and grants, read from YAML and checked as a whole.

No Pulumi here, so that the command-line tool reads it too: the program makes providers and args.
"""
