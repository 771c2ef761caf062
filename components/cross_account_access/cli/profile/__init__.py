"""The command `profile`: AWS CLI profiles for grants, in the user's own config file."""
