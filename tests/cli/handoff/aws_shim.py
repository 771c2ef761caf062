"""An `aws` for the PATH that takes the AWS CLI's command lines, by botocore's model of the service.

It starts in a fraction of the AWS CLI's second, and is strict where a script would be caught out:
a value that the CLI would fetch from a URL or take for an option is an error, and so is a parameter
that the operation hasn't.
"""

from __future__ import annotations

import json
import socketserver
import sys
from contextlib import contextmanager
from functools import cache
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SENDER = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as to:
    to.connect({address!r})
    told = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "key": os.environ["AWS_ACCESS_KEY_ID"]}}
    to.sendall(json.dumps(told).encode() + b"\\n")
    code, out, error = json.loads(to.makefile().readline())
sys.stdout.write(out)
sys.stderr.write(error)
sys.exit(code)
"""
_GLOBAL = ("query", "output", "region")


class UsageError(Exception):
    """What the AWS CLI would not take."""


@contextmanager
def aws_on_path(folder: Path, endpoint: str) -> Iterator[str]:
    """A folder for the PATH with an `aws` that calls the endpoint; its key is the account's ID."""
    address = str(folder / "aws.socket")
    sender = folder / "aws_sender.py"
    sender.write_text(_SENDER.format(address=address), encoding="utf-8")
    program = folder / "aws"
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -I -S "{sender}" "$@"\n', encoding="utf-8"
    )
    program.chmod(0o700)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(
                json.dumps(_run(json.loads(self.rfile.readline()), endpoint)).encode() + b"\n"
            )

    with socketserver.ThreadingUnixStreamServer(address, Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield str(folder)
        server.shutdown()


def _run(told: dict[str, Any], endpoint: str) -> tuple[int, str, str]:
    if told["argv"][0] == "cloudformation":
        return _check_stack(*told["argv"][1:], folder=Path(told["cwd"]))
    service, command, *words = told["argv"]
    client = _client(service, endpoint, told["key"])
    operations = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    if command not in operations:
        return 252, "", f"{service} has no {command}\n"
    try:
        shape = client.meta.service_model.operation_model(operations[command]).input_shape
        parameters, asked = _parameters(words, shape, Path(told["cwd"]))
        answer = getattr(client, xform_name(operations[command]))(**parameters)
    except UsageError as error:
        return 252, "", f"{error}\n"
    except ClientError as error:
        return 254, "", f"{error}\n"
    answer.pop("ResponseMetadata")
    if not answer:
        return 0, "", ""
    found = jmespath.search(asked["query"], answer) if "query" in asked else answer
    return (
        0,
        _text(found)
        if asked.get("output") == "text"
        else json.dumps(found, indent=4, default=str) + "\n",
        "",
    )


def _check_stack(command: str, *words: str, folder: Path) -> tuple[int, str, str]:
    """What the AWS CLI checks before it calls CloudFormation, which the sandbox doesn't emulate."""
    options = dict(zip(words[::2], words[1::2], strict=True))
    own = {"deploy": {"--template-file", "--capabilities"}, "delete-stack": set[str]()}
    template = folder / options.get("--template-file", ".")
    if options.keys() != {"--stack-name", "--region", *own[command]} or not template.exists():
        return 252, "", f"cloudformation {command}: {options}\n"
    return 0, "", ""


@cache
def _client(service: str, endpoint: str, key: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="x",
    )


def _parameters(
    words: list[str], shape: Any, folder: Path
) -> tuple[dict[str, Any], dict[str, str]]:
    members = {xform_name(name, "-"): name for name in (shape.members if shape else ())}
    parameters: dict[str, Any] = {}
    asked: dict[str, str] = {}
    left = list(words)
    while left:
        option, joined, value = left.pop(0).partition("=")
        name = option.removeprefix("--")
        if option == name:
            raise UsageError(f"{option} is no option")
        if name in members and shape.members[members[name]].type_name == "boolean":
            parameters[members[name]] = True
            continue
        value = _read(option, value if joined else _argument(option, left), folder)
        if name in _GLOBAL:
            asked[name] = value
        elif name == "cli-input-json":
            parameters = json.loads(value) | parameters
        elif name in members:
            parameters[members[name]] = _typed(shape.members[members[name]], value)
        else:
            raise UsageError(f"Unknown options: {option}")
    return parameters, asked


def _argument(option: str, left: list[str]) -> str:
    if not left or left[0].startswith("-"):
        raise UsageError(f"{option}: expected one argument")
    return left.pop(0)


def _read(option: str, value: str, folder: Path) -> str:
    if value.startswith(("http://", "https://")):
        raise UsageError(f"{option}: the AWS CLI would fetch {value}")
    if value.startswith("file://"):
        return (folder / value.removeprefix("file://")).read_text(encoding="utf-8")
    return value


def _typed(shape: Any, value: str) -> Any:
    match shape.type_name:
        case "string":
            return value
        case "integer":
            return int(value)
        case "list" | "structure":
            return json.loads(value)
        case other:
            raise UsageError(f"{other} is not read here")


def _text(found: Any) -> str:
    """What `--output text` prints, of what the scripts ask for: texts, and lists of one each."""
    out = StringIO()
    for row in found if isinstance(found, list) else [[found]]:
        out.write("\t".join(str(cell) for cell in row) + "\n")
    return out.getvalue()


__all__ = ["UsageError", "aws_on_path"]
