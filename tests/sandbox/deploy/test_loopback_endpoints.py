"""Which endpoints are on the loopback range, however they are spelt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.aws.endpoint import is_loopback, is_sandbox
from sandbox.deploy import provider_clients
from sandbox.deploy.deployment import DeploymentError
from tests.sandbox.commands import DESTINATION, SOURCE, connection, document, project, sandbox

if TYPE_CHECKING:
    from pathlib import Path

HOSTS_ELSEWHERE = (
    "evil.com",
    "localhost.evil.com",
    "evil-localhost",
    "127.0.0.1.evil.com",
    "0.0.0.0",
    "10.0.0.1",
    "169.254.169.254",
    "128.0.0.1",
    "[::]",
    "[::ffff:10.0.0.1]",
    "[fe80::1]",
    "[2001:db8::1]",
    # Other spellings of what may or may not be the loopback range:
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1.",
    "localhost.",
    "[::1%eth0]",
    "[::1%25eth0]",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021",
    "local\u00adhost",
    "%6c%6f%63%61lhost",
    "",
)
ENDPOINTS_ELSEWHERE = (
    *(
        f"{scheme}://{host}{port}"
        for scheme in ("http", "https")
        for host in HOSTS_ELSEWHERE
        for port in ("", ":4577")
    ),
    *(
        f"http://{before}{between}{after}"
        for before, after in (("evil.com", "127.0.0.1"), ("127.0.0.1", "evil.com"))
        for between in (
            "@",
            "\\@",
            "\\",
            ":x@",
            ":@",
            "#@",
            "?@",
            "/@",
            "%40",
            "\t",
            "\n",
            " ",
            "&@",
            "#",
            "\x00",
            ";",
            ",",
        )
    ),
    "127.0.0.1:4577",
    "//127.0.0.1",
    "file://127.0.0.1/etc/passwd",
    "ftp://127.0.0.1",
    "http:127.0.0.1",
    "http:///127.0.0.1",
    "http://127.0.0.1:4577\n",
    " http://127.0.0.1",
    "http://127.0.0.1:",
    "http://127.0.0.1:x",
    "http://127.0.0.1:80:80",
    "http://127.0.0.1/latest/meta-data",
    "",
)


@pytest.mark.parametrize("endpoint", ENDPOINTS_ELSEWHERE)
def test_an_endpoint_that_could_lead_elsewhere_is_not_on_loopback(
    endpoint: str, left: list[object]
) -> None:
    assert not is_loopback(endpoint)
    assert not is_sandbox(endpoint)
    for service in ("iam", "sts", "s3"):
        here = {"iam": "http://127.0.0.1:9", "sts": "http://127.0.0.1:9"}
        inputs = {"accessKey": SOURCE, "secretKey": "any"}
        inputs["endpoints"] = json.dumps([here | {service: endpoint}])
        with pytest.raises(DeploymentError, match="works on loopback addresses only"):
            provider_clients.connect(inputs)
    assert left == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:4577",
        "http://127.0.0.1:4577/",
        "https://127.255.255.254",
        "http://localhost:4577",
        "http://LocalHost",
        "http://[::1]:4577",
        "http://[0:0:0:0:0:0:0:1]",
    ],
)
def test_a_plain_loopback_endpoint_is_one(endpoint: str) -> None:
    assert is_loopback(endpoint)


@pytest.mark.parametrize("side", ["source", "destination"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "http://evil.com\\@127.0.0.1",
        "http://127.0.0.1@evil.com",
        "http://[::1%eth0]:4577",
        "http://2130706433:4577",
        "http://localhost.evil.com",
        "http://0.0.0.0:4577",
        "https://sts.amazonaws.com",
        "http://127.0.0.1\t.evil.com",
        "http://\uff11\uff12\uff17.0.0.1",
    ],
)
def test_a_config_with_such_an_endpoint_is_refused(
    endpoint: str, side: str, tmp_path: Path, left: list[object]
) -> None:
    accounts = {"source": SOURCE, "destination": DESTINATION}
    config: dict[str, Any] = {
        name: connection(one, "http://127.0.0.1:4577") for name, one in accounts.items()
    }
    config[side]["endpoint"] = endpoint
    for verb in ("up", "preview"):
        refused = sandbox(verb, project(tmp_path, **config), "--json")
        assert refused.exit_code == 2
        codes = {error["code"] for error in document(refused)["errors"]}
        assert codes <= {"not-on-loopback", "invalid-endpoint", "control-character"}
    assert left == []
