"""Pulumi's side of the components: reading args, looking principals up, children, outputs.

No rule about grants or AWS is decided here: those live in `grants` and `iam`.
"""
