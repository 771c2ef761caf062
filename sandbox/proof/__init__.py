"""The people of a stack, their attempts to assume its roles, and the report of them.

Nothing here deploys: the stack is up by then.
"""
