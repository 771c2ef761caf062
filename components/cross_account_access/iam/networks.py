"""From where a request comes: public addresses, as `aws:SourceIp` has them."""

import re
from collections.abc import Iterable
from functools import partial
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

from cross_account_access.errors import Refusal

_PRIVATE_IPV4 = [
    IPv4Network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
# https://www.iana.org/assignments/ipv6-address-space: no other IPv6 addresses are routed publicly.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
MAPPED_IPV4 = IPv6Network("::ffff:0:0/96")
_RefusedEveryone = partial(Refusal, code="source-ip-of-everyone", remedy="Leave the condition out")


def check_address(value: object) -> str:
    """Check a caller's address, public or in a VPC."""
    try:
        address = ip_address(str(value))
    except ValueError:
        address = None
    # A zone means something on one machine alone, and AWS sees an IPv4 caller by IPv4.
    if not address or getattr(address, "scope_id", None) or getattr(address, "ipv4_mapped", None):
        rule = "must be an IPv4 or IPv6 address, such as 203.0.113.7 or 2001:db8::1"
        raise Refusal(rule, code="invalid-address")
    return str(address)


def check_source_ip(value: object) -> str:
    """Check an address or range, IPv4 or IPv6, and return it as a range.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
    """
    rule = "a source IP must be an address or a range, such as 203.0.113.7 or 2001:db8::/48"
    if not isinstance(value, str):
        raise Refusal(rule, code="invalid-source-ip")
    try:
        network = ip_network(value)
    except ValueError:
        network = None
    # A zone means something on one machine alone, and AWS sees an IPv4 caller by IPv4.
    if network is None or "%" in value or _is_within(network, MAPPED_IPV4):
        remedy = _suggest_network(value)
        raise Refusal(rule, code="invalid-source-ip", remedy=remedy)
    if _is_everyone(network):
        raise _RefusedEveryone("a source IP must not be the range of all addresses")
    if not _is_public(network):
        raise Refusal(
            "a source IP must be public, because AWS sees no private addresses",
            code="private-source-ip",
            remedy="Use the VPC (source_vpcs, sourceVpcs in config), its endpoint, or the public "
            "address of the network",
        )
    return str(network)


def check_together(values: Iterable[str]) -> None:
    """Check that addresses and ranges, each of them checked, aren't all addresses together.

    Raises:
        Refusal: If they are, of IPv4 or of IPv6.
    """
    networks = [*map(ip_network, values)]
    together: list[IPv4Network | IPv6Network] = [
        *collapse_addresses(one for one in networks if isinstance(one, IPv4Network)),
        *collapse_addresses(one for one in networks if isinstance(one, IPv6Network)),
    ]
    if everyone := next((one for one in together if _is_everyone(one)), None):
        raise _RefusedEveryone("source IPs must not be all addresses together", value=str(everyone))


def _is_everyone(network: IPv4Network | IPv6Network) -> bool:
    return network.prefixlen == 0 or _is_within(_PUBLIC_IPV6, network)


def _is_public(network: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv6Network):
        return network.subnet_of(_PUBLIC_IPV6)
    return not any(map(network.subnet_of, _PRIVATE_IPV4))


def _is_within(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _suggest_network(value: str) -> str:
    try:
        network = ip_network(re.sub("%[^/]*", "", value), strict=False)
    except ValueError:
        return ""
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED_IPV4):
        last = int(network.network_address) & 0xFFFF_FFFF
        network = IPv4Network((last, network.prefixlen - MAPPED_IPV4.prefixlen))
    return f"Write the range as {network}"
