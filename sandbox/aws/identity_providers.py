"""OpenID Connect providers in IAM: their URLs, and their client IDs, which moto can't change.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.aws.entities import check_quota
from sandbox.aws.query_protocol import AwsError

if TYPE_CHECKING:
    from sandbox.aws.iam_request import IamRequest
    from sandbox.aws.moto_accounts import Entity

_CLIENT_IDS = 100


def check_create_provider(request: IamRequest) -> None:
    url = request.get("Url")
    if not url.startswith("https://") or "?" in url:
        text = "Invalid Open ID Connect Provider URL: it must begin with https:// and have no query"
        raise AwsError("ValidationError", text)


def add_client_id(request: IamRequest) -> None:
    """AddClientIDToOpenIDConnectProvider: one that is there already is no error."""
    client_ids, added = _get_provider(request).client_id_list, request.get("ClientID")
    if added not in client_ids:
        check_quota("ClientIdsPerOpenIdConnectProvider", _CLIENT_IDS, len(client_ids))
        client_ids.append(added)
    request.answer()


def remove_client_id(request: IamRequest) -> None:
    """RemoveClientIDFromOpenIDConnectProvider: one that isn't there is no error."""
    client_ids, removed = _get_provider(request).client_id_list, request.get("ClientID")
    if removed in client_ids:
        client_ids.remove(removed)
    request.answer()


def _get_provider(request: IamRequest) -> Entity:
    arn = request.get("OpenIDConnectProviderArn")
    provider = request.iam.open_id_providers.get(arn)
    if provider is None:
        raise AwsError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")
    return provider
