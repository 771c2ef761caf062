"""OpenID Connect providers in IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.conftest import SOURCE, refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Stage

URL = "https://oidc.example.com/id/A1"
ARN = f"arn:aws:iam::{SOURCE}:oidc-provider/oidc.example.com/id/A1"


def test_its_arn_is_its_urls(stage: Stage) -> None:
    made = stage.source.create_open_id_connect_provider(Url=URL, ClientIDList=["a"])
    assert made["OpenIDConnectProviderArn"] == ARN
    again = refusal(lambda: stage.source.create_open_id_connect_provider(Url=URL))
    assert (again.code, again.status) == ("EntityAlreadyExists", 409)


@pytest.mark.parametrize("url", ["http://x.org", "oidc.example.com", "https://x.org/?a=b"])
def test_another_url_than_an_https_one_without_query_is_refused(stage: Stage, url: str) -> None:
    found = refusal(lambda: stage.source.create_open_id_connect_provider(Url=url))
    assert (found.code, found.status) == ("ValidationError", 400)


def test_client_ids_are_added_and_removed(stage: Stage) -> None:
    iam = stage.source
    iam.create_open_id_connect_provider(Url=URL, ClientIDList=["a"])
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID="b")
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    assert found["ClientIDList"] == ["a", "b"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=ARN, ClientID="a"
        )
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN)
    assert found["ClientIDList"] == ["b"]


def test_a_hundred_client_ids_are_the_most(stage: Stage) -> None:
    ids = [f"id-{number}" for number in range(100)]
    stage.source.create_open_id_connect_provider(Url=URL, ClientIDList=ids)
    found = refusal(
        lambda: stage.source.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=ARN, ClientID="one-more"
        )
    )
    assert found.code == "LimitExceeded"


def test_one_that_does_not_exist_has_no_client_ids(stage: Stage) -> None:
    found = refusal(
        lambda: stage.source.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=ARN, ClientID="a"
        )
    )
    assert (found.code, found.status) == ("NoSuchEntity", 404)
