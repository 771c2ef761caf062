"""What the other account's owner is to make, as a folder: explained, exact, and in three forms to choose from."""
