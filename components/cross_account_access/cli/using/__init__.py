"""What `profile`, `open` and `exec` do: use a grant's role."""
