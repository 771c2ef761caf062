"""AWS's own language: ARNs, limits, policy documents, condition operators, the evaluator.

Nothing here knows of this package's grants, imports pulumi or calls AWS.
"""
