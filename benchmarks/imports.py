"""The package's size and import time, as a table in benchmarks/imports.md: `python
benchmarks/imports.py`.

Processor time, not the clock's, and the least of many runs: what else the machine does counts for
little then.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 15
PROGRAMS = {
    "pulumi and pulumi_aws": "import pulumi, pulumi_aws",
    "these and pydantic": "import pulumi, pulumi_aws, pydantic; pydantic.BaseModel, pydantic.Field",
    "these and cross_account_access": "import pulumi, pulumi_aws, cross_account_access",
    "and use CrossAccountAccess": "import pulumi, pulumi_aws; "
    "from cross_account_access import CrossAccountAccess",
}


def seconds(code: str) -> float:
    """The processor time of a Python that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "components")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def sizes() -> dict[str, int]:
    """What the wheel and the sdist weigh, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "uv", "build", "-q", "-o", folder, ROOT / "components"],
            check=True,
        )
        kinds = {"wheel": "*.whl", "sdist": "*.tar.gz"}
        return {
            kind: next(Path(folder).glob(pattern)).stat().st_size for kind, pattern in kinds.items()
        }


def main() -> None:
    """Measure, and write the page."""
    least = dict.fromkeys(PROGRAMS, float("inf"))
    for _ in range(RUNS):
        for name, code in PROGRAMS.items():
            least[name] = min(least[name], seconds(code))
    base = least["pulumi and pulumi_aws"]
    rows = [
        f"| import {name} | {time:.2f} s | {time / base:.2f} × |" for name, time in least.items()
    ]
    rows += [f"| {kind} | {size / 1000:.0f} kB | |" for kind, size in sizes().items()]
    python = ".".join(map(str, sys.version_info[:2]))
    page = [
        "# Size and import time",
        "",
        f"Processor time, the least of {RUNS} runs, on Python {python}. Made by",
        "`.venv/bin/python benchmarks/imports.py`.",
        "",
        "| what | | |",
        "|---|---|---|",
        *rows,
    ]
    text = "\n".join(page) + "\n"
    (ROOT / "benchmarks" / "imports.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
