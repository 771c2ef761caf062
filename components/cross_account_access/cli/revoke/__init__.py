"""`revoke`: how a grant's role ends the sessions of before. It never changes anything itself."""
