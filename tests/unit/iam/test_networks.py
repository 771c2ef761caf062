"""Where a request may come from: public addresses, as AWS sees them."""

import pytest

from cross_account_access.iam.networks import check_source_ip
from tests.unit.reading import refusal


@pytest.mark.parametrize(
    ("value", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:DB8::/48", "2001:db8::/48"),
    ],
)
def test_an_address_or_a_range_is_written_as_a_range(value: str, network: str) -> None:
    assert check_source_ip(value) == network


@pytest.mark.parametrize(
    ("wrong", "code", "remedy"),
    [
        (5, "invalid-source-ip", ""),
        ("office", "invalid-source-ip", ""),
        ("203.0.113.7/24", "invalid-source-ip", "Write the range as 203.0.113.0/24"),
        ("0.0.0.0/0", "source-ip-of-everyone", "Leave the condition out"),
        ("::/0", "source-ip-of-everyone", "Leave the condition out"),
    ],
)
def test_what_is_no_source_ip_is_refused(wrong: object, code: str, remedy: str) -> None:
    refused = refusal(check_source_ip, wrong)
    assert (refused.code, refused.remedy) == (code, remedy)


@pytest.mark.parametrize(
    "private", ["10.1.2.3", "192.168.0.0/24", "127.0.0.1", "fd00::1", "ff02::1"]
)
def test_an_address_that_aws_never_sees_is_refused(private: str) -> None:
    assert refusal(check_source_ip, private).code == "private-source-ip"
