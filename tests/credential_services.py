"""Where AWS's SDKs get credentials by themselves, on loopback: EC2's and ECS's services, and IAM
Identity Center's portal.

Whatever STS and IAM are asked, by a web identity too, is passed on to the sandbox.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from sandbox.aws.server import client
from tests.unsigned_tokens import AUDIENCE, GITHUB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message

IMDS_TOKEN, CONTAINER_TOKEN, SSO_TOKEN = "of-imds", "of-ecs", "of-sso"
INSTANCE_ROLE = "runner"
INSTANCE_CREDENTIALS = "/latest/meta-data/iam/security-credentials/"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
PORTAL_CREDENTIALS = "/federation/credentials"
WEB_IDENTITY = "AssumeRoleWithWebIdentity"


class CredentialServices:
    """The services, all at one address.

    Attributes:
        endpoint: Their address.
        asked: Where credentials were got: paths, and WEB_IDENTITY.
    """

    def __init__(self, endpoint: str, sandbox: str, keys: Mapping[str, str]) -> None:
        self.endpoint = endpoint
        self.asked: list[str] = []
        self._sandbox = sandbox
        self._keys = keys

    @property
    def instance(self) -> dict[str, str]:
        """The variables of an EC2 instance, whose service has another address there."""
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.endpoint}

    @property
    def container(self) -> dict[str, str]:
        """The variables that ECS, and EKS Pod Identity, set in a container."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.endpoint}/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": CONTAINER_TOKEN,
        }

    def answer_get(self, path: str, query: str, headers: Message) -> str | None:
        """What a GET is answered; None for an error."""
        expires = datetime.now(UTC) + timedelta(hours=1)
        own = {
            "AccessKeyId": self._keys["AccessKeyId"],
            "SecretAccessKey": self._keys["SecretAccessKey"],
            "Token": self._keys["SessionToken"],
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.asked.append(path)
        if path.startswith("/latest/"):
            if headers.get("X-aws-ec2-metadata-token") != IMDS_TOKEN:
                return None
            if path == INSTANCE_CREDENTIALS:
                return INSTANCE_ROLE
            kind = {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": own["Expiration"]}
            is_role = path == f"{INSTANCE_CREDENTIALS}{INSTANCE_ROLE}"
            return json.dumps(kind | own) if is_role else None
        if path == "/container" and headers.get("Authorization") == CONTAINER_TOKEN:
            return json.dumps(own)
        if path == PORTAL_CREDENTIALS and headers.get("x-amz-sso_bearer_token") == SSO_TOKEN:
            assert parse_qs(query).keys() == {"role_name", "account_id"}
            role_credentials = {
                "accessKeyId": own["AccessKeyId"],
                "secretAccessKey": own["SecretAccessKey"],
                "sessionToken": own["Token"],
                "expiration": int(expires.timestamp() * 1000),
            }
            return json.dumps({"roleCredentials": role_credentials})
        return None

    def answer_post(self, body: bytes, headers: Message) -> tuple[int, bytes]:
        """What STS or IAM answer."""
        form = parse_qs(body.decode())
        if form.get("Action") == [WEB_IDENTITY]:
            self.asked.append(WEB_IDENTITY)
        passed_on = {"Authorization", "Content-Type", "X-Amz-Security-Token", "User-Agent"}
        kept = {name: text for name, text in headers.items() if name.title() in passed_on}
        request = urllib.request.Request(self._sandbox, body, kept, method="POST")  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextmanager
def serve_credentials(sandbox: str, keys: Mapping[str, str]) -> Iterator[CredentialServices]:
    """Serve a session's keys by all of the services.

    Args:
        sandbox: The sandbox's address.
        keys: The session, as STS writes one.
    """
    wanted = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        services = CredentialServices(endpoint, sandbox, {name: keys[name] for name in wanted})
        server.services = services  # type: ignore[attr-defined] # for the handler
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield services
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    @property
    def services(self) -> CredentialServices:
        services: CredentialServices = self.server.services  # type: ignore[attr-defined] # ours
        return services

    def do_PUT(self) -> None:
        is_token = self.path == "/latest/api/token"
        self._send(200 if is_token else 404, IMDS_TOKEN.encode() if is_token else b"")

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answer = self.services.answer_get(url.path, url.query, self.headers)
        self._send(404 if answer is None else 200, (answer or "").encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(*self.services.answer_post(body, self.headers))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def trust_jobs(sandbox: str, account: str, role: str, statements: list[Any]) -> None:
    """Make GitHub's identity provider in an account, and add statements to a role's trust policy.

    Args:
        sandbox: The sandbox's address.
        account: The account's 12 digits.
        role: The role's name.
        statements: What is to let the jobs in.
    """
    iam = client("iam", sandbox, account=account)
    if not iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.create_open_id_connect_provider(Url=GITHUB, ClientIDList=[AUDIENCE])
    trust: Any = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    both = trust | {"Statement": [*trust["Statement"], *statements]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(both))


def make_role_session(sandbox: str, account: str, role: str = INSTANCE_ROLE) -> dict[str, str]:
    """Make a role that may do everything in its account, and a session of it.

    Args:
        sandbox: The sandbox's address.
        account: The account's 12 digits.
        role: The role's name.
    """
    iam = client("iam", sandbox, account=account)
    sts = client("sts", sandbox, account=account)
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    session = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="i-0123456789abcdef0")
    return {name: str(text) for name, text in session["Credentials"].items()}
