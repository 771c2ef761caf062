"""`verify`: whether a grant works, and both accounts match the stack."""
