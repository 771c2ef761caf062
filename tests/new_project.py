"""The project that `pulumi new` makes of templates/python, made without the Pulumi CLI."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "templates" / "python"
NAME, DESCRIPTION = "my-access", 'Who gets in: "alice", it\'s all'
CACHES = shutil.ignore_patterns("__pycache__", ".venv", ".*_cache")


def fill_template(folder: Path) -> Path:
    """Copy the template and fill it in, as Pulumi's CopyTemplateFiles and its `new` do."""
    shutil.copytree(TEMPLATE, folder, ignore=CACHES)
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".yaml":
            text = file.read_text(encoding="utf-8").replace("${PROJECT}", NAME)
            file.write_text(text.replace("${DESCRIPTION}", DESCRIPTION), encoding="utf-8")
    settings = folder / "Pulumi.yaml"
    project = yaml.safe_load(settings.read_text(encoding="utf-8"))
    del project["template"]
    project |= {"name": NAME, "description": DESCRIPTION}
    settings.write_text(yaml.safe_dump(project), encoding="utf-8")
    return folder
