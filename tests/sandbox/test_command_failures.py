"""`python -m sandbox` on accounts of its own: without an engine, without a port, with a program that fails."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from sandbox.aws.server import is_sandbox
from tests.sandbox.commands import SOURCE, connection, document, endpoint_of, project, sandbox

if TYPE_CHECKING:
    from pathlib import Path

NO_CLI = "the Pulumi CLI isn't installed and https://get.pulumi.com can't be reached"
ONE_GRANT = {"deploy": {"principals": [{"user": "alice"}]}}
PROVIDERS = f"""import json
import pulumi
import pulumi_aws as aws
import stack_config
from cross_account_access import CrossAccountAccess, TrustedRole

settings = stack_config.load()
source, destination = settings.source.provider("source"), settings.destination.provider("destination")
with_source = pulumi.ResourceOptions(provider=source)
statement = dict(Effect="Allow", Action="sts:AssumeRole", Principal=dict(AWS="{SOURCE}"))
trust = json.dumps(dict(Version="2012-10-17", Statement=[statement]))
grants = dict(deploy=dict(principals=[dict(user="alice")]))
"""


@pytest.fixture
def _no_engine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the Pulumi CLI, on a closed network."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    for proxy in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)


@pytest.mark.usefixtures("_no_engine")
class TestWithoutAnEngine:
    def test_auto_says_so_in_one_line_and_goes_on_in_process(self, tmp_path: Path) -> None:
        up = sandbox("up", project(tmp_path), "--json", engine="auto")
        assert up.exit_code == 0
        assert document(up)["engine"] == "in-process"
        assert up.stderr == (
            f"Deploying in process, for {NO_CLI}.\n16 of 16 attempts turned out as they should (engine: in-process).\n"
        )

    @pytest.mark.parametrize("verb", ["up", "preview"])
    def test_the_pulumi_engine_itself_is_told_to_be_missing(
        self, verb: str, tmp_path: Path
    ) -> None:
        result = sandbox(verb, project(tmp_path), engine="pulumi")
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {NO_CLI}\n")


def test_accounts_of_its_own_are_gone_afterwards(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert sandbox("up", folder).exit_code == 0
    assert not is_sandbox(endpoint_of(folder))


def test_a_port_that_another_program_has_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        up = sandbox("up", project(tmp_path, f"http://127.0.0.1:{port}"))
    assert (up.exit_code, up.stdout) == (1, "")
    assert (
        up.stderr
        == f"Error: port {port} is taken by another program: stop it, or choose another port\n"
    )


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("verb", ["up", "preview"])
def test_a_secret_is_never_printed(verb: str, options: tuple[str, ...], tmp_path: Path) -> None:
    folder = project(tmp_path)
    folder = project(
        tmp_path,
        endpoint_of(folder),
        source=connection(SOURCE, endpoint_of(folder)) | {"secretKey": "key-0815"},
    )
    with (folder / "__main__.py").open("a", encoding="utf-8") as program:
        program.write(
            'pulumi.export("more", {"inner": pulumi.Output.secret("unlisted"), "plain": "listed"})\n'
        )
    result = sandbox(verb, folder, *options)
    assert result.exit_code == 0, result.stderr
    for secret in ("key-0815", "unlisted"):
        assert secret not in result.output
    if options:
        told = document(result)
        assert told["outputs"]["more"] == {"inner": "[secret]", "plain": "listed"}
        (provider,) = (found for found in told["resources"] if found["name"] == "source")
        for properties in (provider["inputs"], provider["outputs"]):
            assert (properties["accessKey"], properties["secretKey"]) == ("[secret]", "[secret]")
            assert properties["region"] == "us-east-1"


PROGRAMS = {
    "refuses": ("import pulumi\nraise pulumi.RunError('no luck today')\n", "no luck today"),
    "fails": (
        "import pulumi\n\n1 / 0\n",
        "the program failed at __main__.py, line 3: ZeroDivisionError: division by zero",
    ),
    "fails later": (
        f"{PROVIDERS}pulumi.Output.from_input(1).apply(lambda one: one / 0)\n",
        (
            f"the program failed at __main__.py, line {len(PROVIDERS.splitlines()) + 1}: ZeroDivisionError: "
            "division by zero"
        ),
    ),
    "is no Python": (
        "1 //\n",
        "the program failed: SyntaxError: invalid syntax (__main__.py, line 1)",
    ),
    "exits": ("raise SystemExit(2)\n", "the program failed at __main__.py, line 1: SystemExit: 2"),
    "makes what only the engine can": (
        f"{PROVIDERS}aws.iam.User('u', opts=with_source)\n",
        (
            "aws:iam/user:User is not made in process, only aws:iam/role:Role, aws:iam/policy:Policy, "
            "aws:iam/userPolicyAttachment:UserPolicyAttachment, aws:iam/rolePolicyAttachment:RolePolicyAttachment, "
            "aws:iam/groupPolicyAttachment:GroupPolicyAttachment, aws:iam/policyAttachment:PolicyAttachment, "
            "aws:iam/rolePolicy:RolePolicy; use the Pulumi CLI"
        ),
    ),
    "reads what only the engine can": (
        f"{PROVIDERS}aws.iam.Role.get('r', 'deploy', opts=with_source)\n",
        "aws:iam/role:Role r is not read in process; use the Pulumi CLI",
    ),
    "imports what only the engine can": (
        (
            f"{PROVIDERS}imported = pulumi.ResourceOptions(provider=source, import_='deploy')\n"
            "aws.iam.Role('r', assume_role_policy=trust, opts=imported)\n"
        ),
        "aws:iam/role:Role r is not imported in process; use the Pulumi CLI",
    ),
    "looks up what only the engine can": (
        f"{PROVIDERS}aws.iam.get_policy_output(name='p', opts=pulumi.InvokeOutputOptions(provider=source))\n",
        "aws:iam/getPolicy:getPolicy is not looked up in process; use the Pulumi CLI",
    ),
    "names no provider": (
        f"{PROVIDERS}aws.iam.Role('r', assume_role_policy=trust)\n",
        "aws:iam/role:Role names no provider, so that Pulumi would act in whatever account is at hand",
    ),
    "looks up without a provider": (
        f"{PROVIDERS}aws.get_caller_identity_output()\n",
        (
            "aws:index/getCallerIdentity:getCallerIdentity names no provider, so that Pulumi would act in whatever "
            "account is at hand"
        ),
    ),
    "makes two of one name": (
        f"{PROVIDERS}for _ in 'ab':\n    aws.iam.Role('r', assume_role_policy=trust, opts=with_source)\n",
        "two resources of type aws:iam/role:Role have the name r",
    ),
    "is refused by AWS": (
        f"{PROVIDERS}aws.iam.Role('r', assume_role_policy='no policy', opts=with_source)\n",
        "CreateRole: ",
    ),
    "leaves the loopback range": (
        "import pulumi_aws as aws\naws.Provider('p', region='us-east-1', access_key='111111111111', secret_key='s')\n",
        "the in-process engine works on the loopback range alone, not on AWS",
    ),
    "gives the component what it refuses": (
        f"{PROVIDERS}TrustedRole('t', dict(**grants['deploy'], source_account_id='{SOURCE}'))\n",
        (
            "TrustedRole t was refused:\n  opts.provider: the component needs an AWS provider of its own. Give it the "
            "destination account's: opts=pulumi.ResourceOptions(provider=…)"
        ),
    ),
    "gives one account as both": (
        f"{PROVIDERS}CrossAccountAccess('a', dict(grants=grants, source_provider=source, destination_provider=source))",
        "CrossAccountAccess a was refused:\n  destination_account_id: ",
    ),
    "tells no grants": (
        "import pulumi\npulumi.export('grants', 'all of them')\n",
        "the program tells no role to prove: its output grants has each one's roleArn",
    ),
}


@pytest.mark.parametrize(("program", "message"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_that_fails_is_told_in_its_own_words(
    program: str, message: str, tmp_path: Path
) -> None:
    folder = project(tmp_path, grants=ONE_GRANT)
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    up = sandbox("up", folder, "--json")
    assert (up.exit_code, up.stdout) == (1, "")
    if message.endswith(" "):
        assert up.stderr.startswith(f"Error: {message}")
    else:
        assert up.stderr == f"Error: {message}\n"
    assert "Traceback" not in up.stderr


def test_credentials_of_another_account_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    folder = project(tmp_path, grants=ONE_GRANT)
    (folder / "__main__.py").write_text(
        f"{PROVIDERS}"
        "emulated = {'endpoints': [{'iam': settings.source.endpoint, 'sts': settings.source.endpoint}]}\n"
        "aws.Provider('other', region='us-east-1', access_key='333333333333', secret_key='s',\n"
        f"    allowed_account_ids=['{SOURCE}'], **emulated)\n",
        encoding="utf-8",
    )
    up = sandbox("up", folder)
    assert up.exit_code == 1
    assert (
        up.stderr
        == f"Error: the other credentials belong to account 333333333333, not to {SOURCE}\n"
    )
