"""`explain`: whether a caller may assume a role, and why."""
