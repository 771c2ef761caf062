"""What a grant is, as plain data: principals, conditions, role, trust policy, source policies.

Nothing here imports pulumi or calls AWS. AWS's own language lives in `iam`.
"""
