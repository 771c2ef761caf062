"""The Pulumi package's plugin: the engine runs this folder."""

from cross_account_access.provider import serve

if __name__ == "__main__":
    serve()
