"""AWS's partitions: which one a region is in, and the main region of each.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

# The regions of a partition have the same beginning, but for those of `aws`.
_MAIN_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-us-gov": "us-gov-west-1",
}


def get_main_region(partition: str) -> str:
    """Return a partition's main region; that of `aws` for an unknown one."""
    return _MAIN_REGIONS.get(partition, _MAIN_REGIONS["aws"])


def find_partition(region: str) -> str:
    """Find the partition that a region is in; `aws` where it is in none of the others."""
    start = _cut_region(region)
    return next(
        (partition for partition, main in _MAIN_REGIONS.items() if _cut_region(main) == start),
        "aws",
    )


def _cut_region(region: str) -> str:
    """Cut direction and number off: `us-gov` of `us-gov-west-1`."""
    return region.rsplit("-", 2)[0]
