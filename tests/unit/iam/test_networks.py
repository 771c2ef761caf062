"""Where a request may come from: public addresses, as AWS sees them."""

import pytest

from cross_account_access.iam.networks import check_source_ip, check_together
from tests.unit.reading import refusal


@pytest.mark.parametrize(
    ("value", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("2001:DB8::/48", "2001:db8::/48"),
        ("2600::", "2600::/128"),
        ("3fff:ffff::/32", "3fff:ffff::/32"),
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
        ("::/1", "source-ip-of-everyone", "Leave the condition out"),
        ("2000::/3", "source-ip-of-everyone", "Leave the condition out"),
        ("2001:db8::1%eth0", "invalid-source-ip", "Write the range as 2001:db8::1/128"),
        ("2001:db8::%eth0/64", "invalid-source-ip", "Write the range as 2001:db8::/64"),
        ("2001:db8::1%1", "invalid-source-ip", "Write the range as 2001:db8::1/128"),
        ("2001:db8::%\n[default]", "invalid-source-ip", "Write the range as 2001:db8::/128"),
        ("fe80::1%eth0", "invalid-source-ip", "Write the range as fe80::1/128"),
        ("203.0.113.7%eth0", "invalid-source-ip", "Write the range as 203.0.113.7/32"),
        ("::ffff:203.0.113.7", "invalid-source-ip", "Write the range as 203.0.113.7/32"),
        ("::ffff:10.0.0.1", "invalid-source-ip", "Write the range as 10.0.0.1/32"),
        ("::FFFF:cb00:7100/120", "invalid-source-ip", "Write the range as 203.0.113.0/24"),
        ("::ffff:203.0.113.7%eth0/120", "invalid-source-ip", "Write the range as 203.0.113.0/24"),
    ],
)
def test_what_is_no_source_ip_is_refused(wrong: object, code: str, remedy: str) -> None:
    refused = refusal(check_source_ip, wrong)
    assert (refused.code, refused.remedy) == (code, remedy)


@pytest.mark.parametrize(
    "private",
    [
        *("10.1.2.3", "192.168.0.0/24", "127.0.0.1", "0.0.0.0", "255.255.255.255", "240.0.0.0/5"),
        *("fd00::1", "ff02::1", "fe80::1", "fec0::1", "::", "::1", "4000::/3", "e000::/4"),
        *("::10.0.0.1", "::203.0.113.7", "64:ff9b::203.0.113.7", "::ffff:0:203.0.113.7"),
    ],
)
def test_an_address_that_aws_never_sees_is_refused(private: str) -> None:
    assert refusal(check_source_ip, private).code == "private-source-ip"


@pytest.mark.parametrize(
    "ranges",
    [
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["2000::/4", "3000::/4"],
        ["0.0.0.0/2", "64.0.0.0/2", "203.0.113.7/32", "128.0.0.0/1", "2001:db8::/48"],
    ],
)
def test_ranges_that_are_all_addresses_together_are_refused(ranges: list[str]) -> None:
    assert [check_source_ip(one) for one in ranges] == ranges
    assert refusal(check_together, ranges).code == "source-ip-of-everyone"


@pytest.mark.parametrize(
    "ranges", [[], ["0.0.0.0/1", "128.0.0.0/2"], ["0.0.0.0/1", "2000::/4"], ["203.0.113.7/32"]]
)
def test_ranges_that_leave_addresses_out_are_taken(ranges: list[str]) -> None:
    check_together(ranges)
