"""Partitions, as botocore's own table has them."""

from __future__ import annotations

import re

import pytest
from botocore.loaders import Loader

from cross_account_access.iam.partitions import find_partition, get_main_region

PARTITIONS = {one["id"]: one for one in Loader().load_data("partitions")["partitions"]}
REGIONS = [
    (region, name)
    for name, one in PARTITIONS.items()
    for region in one["regions"]
    if re.fullmatch(one["regionRegex"], region)
]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_partitions_main_region_is_botocores(partition: str) -> None:
    outputs = PARTITIONS[partition]["outputs"]
    assert get_main_region(partition) == outputs["implicitGlobalRegion"]


def test_an_unknown_partition_has_the_commercial_ones_main_region() -> None:
    assert get_main_region("aws-new") == "us-east-1"


@pytest.mark.parametrize(("region", "partition"), REGIONS)
def test_a_region_is_in_its_partition(region: str, partition: str) -> None:
    assert find_partition(region) == partition


@pytest.mark.parametrize("region", ["us-east-99", "mx-central-2", "xx-new-1"])
def test_a_new_region_is_in_the_commercial_partition(region: str) -> None:
    assert find_partition(region) == "aws"
