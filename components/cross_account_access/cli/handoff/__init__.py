"""The command `handoff`: a folder from which the other account's owner deploys their half."""
