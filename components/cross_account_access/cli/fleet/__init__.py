"""`fleet`: the stacks of many accounts, deployed together by the Pulumi CLI, a process for each.

What a grant is, and what a stack makes, isn't decided here.
"""
