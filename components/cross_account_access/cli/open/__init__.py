"""The command `open`: the URL that switches to a grant's role in the AWS console."""
