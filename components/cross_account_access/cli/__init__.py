"""`cross-account-access`, the command-line tool: verify access, explain it, use it, hand it over.

It needs the extra: `pip install 'cross-account-access[cli]'`.
"""

import sys


def run() -> None:
    """Run the tool and end the process with its exit code."""
    try:
        from .main import main  # noqa: PLC0415 - its requirements may not be installed
    except ModuleNotFoundError as error:
        print(f"{error.name} is missing: pip install 'cross-account-access[cli]'", file=sys.stderr)  # noqa: T201
        sys.exit(3)
    except KeyboardInterrupt:  # importing takes most of a second
        sys.exit(130)
    sys.exit(main())
