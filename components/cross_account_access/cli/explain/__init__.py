"""`cross-account-access explain`: who may assume a role under which circumstances, and if not, why."""
