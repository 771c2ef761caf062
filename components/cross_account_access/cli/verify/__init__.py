"""What `verify` does: read, compare, try."""
