"""From where a request comes: public addresses, as `aws:SourceIp` has them."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from cross_account_access.errors import Refusal

_PRIVATE_NETWORKS = [
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
        *("169.254.0.0/16", "224.0.0.0/4", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
]


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
        remedy = _suggest_network(value)
        raise Refusal(rule, code="invalid-source-ip", remedy=remedy) from None
    if network.prefixlen == 0:
        raise Refusal(
            "a source IP must not be the range of all addresses",
            code="source-ip-of-everyone",
            remedy="Leave the condition out",
        )
    if any(_is_within(network, private) for private in _PRIVATE_NETWORKS):
        raise Refusal(
            "a source IP must be public, because AWS sees no private addresses",
            code="private-source-ip",
            remedy="Use the VPC (source_vpcs, sourceVpcs in config), its endpoint, or the public "
            "address of the network",
        )
    return str(network)


def _is_within(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _suggest_network(value: str) -> str:
    try:
        return f"Write the range as {ip_network(value, strict=False)}"
    except ValueError:
        return ""
