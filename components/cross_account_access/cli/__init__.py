"""`cross-account-access`, the command-line tool: verify access, explain it, use it, hand it over.

It needs the extra: `pip install 'cross-account-access[cli]'`.
"""

import os
import sys
from io import TextIOWrapper


def run() -> None:
    """Run the tool and end the process with its exit code."""
    # A stream that the caller has closed is None, and the next file would get its number.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Not every encoding has a map's lines or a name's letters.
            stream.reconfigure(errors="backslashreplace")
    try:
        from .main import main  # noqa: PLC0415 - its requirements may not be installed
    except ModuleNotFoundError as error:
        print(f"{error.name} is missing: pip install 'cross-account-access[cli]'", file=sys.stderr)  # noqa: T201
        sys.exit(3)
    except KeyboardInterrupt:  # importing takes most of a second
        sys.exit(130)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # it was reported; at its end, Python would try and complain again
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
