"""`python -m sandbox` without an engine, with secrets, with a program that fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click import unstyle

from sandbox.aws.server import client
from tests.sandbox.commands import DESTINATION, SOURCE, connection, document, project, sandbox
from tests.sandbox.test_beside_others import check_failed

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.aws.server import Sandbox

NO_CLI = "the Pulumi CLI isn't installed and https://get.pulumi.com can't be reached"
ONE_GRANT = {"deploy": {"principals": [{"user": "alice"}]}}
PROVIDERS = f"""import json
import pulumi
import pulumi_aws as aws
import stack_config
from cross_account_access import CrossAccountAccess, TrustedRole

settings = stack_config.load()
source = stack_config.make_provider(settings.source, "source")
destination = stack_config.make_provider(settings.destination, "destination")
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
    def test_auto_says_so_in_one_line_and_goes_on_in_process(
        self, accounts: Sandbox, tmp_path: Path
    ) -> None:
        folder = project(tmp_path, accounts.endpoint, grants=ONE_GRANT)
        result = sandbox("preview", folder, "--json", engine="auto")
        assert result.exit_code == 0
        assert document(result)["engine"] == "in-process"
        assert result.stderr.startswith(f"Deploying in process: {NO_CLI}.\n")

    @pytest.mark.parametrize("verb", ["up", "preview"])
    def test_the_pulumi_engine_is_reported_missing_where_it_is_demanded(
        self, verb: str, accounts: Sandbox, tmp_path: Path
    ) -> None:
        result = sandbox(verb, project(tmp_path, accounts.endpoint), engine="pulumi")
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {NO_CLI}\n")


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_a_secret_is_never_printed(verb: str, accounts: Sandbox, tmp_path: Path) -> None:
    source = connection(SOURCE, accounts.endpoint) | {"secretKey": "key-0815"}
    folder = project(tmp_path, accounts.endpoint, source=source)
    with (folder / "__main__.py").open("a", encoding="utf-8") as program:
        secret = 'pulumi.Output.secret("unlisted")'
        program.write(
            f'import pulumi\npulumi.export("more", {{"inner": {secret}, "plain": "listed"}})\n'
        )
    result = sandbox(verb, folder, "--json")
    assert result.exit_code == 0, result.stderr
    for secret in ("key-0815", "unlisted"):
        assert secret not in result.output
    printed = document(result)
    assert printed["outputs"]["more"] == {"inner": "[secret]", "plain": "listed"}
    (provider,) = (made for made in printed["resources"] if made["name"] == "source")
    for properties in (provider["inputs"], provider["outputs"]):
        assert (properties["accessKey"], properties["secretKey"]) == ("[secret]", "[secret]")
        assert properties["region"] == "us-east-1"


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_a_policy_that_aws_does_not_have_is_refused_before_anything_is_made(
    verb: str, accounts: Sandbox, tmp_path: Path
) -> None:
    role = {"managedPolicies": ["ReadOnlyAcess"]}
    grants = {"deploy": ONE_GRANT["deploy"] | {"role": role}}
    result = sandbox(verb, project(tmp_path, accounts.endpoint, grants=grants), "--json")
    assert result.exit_code == 2
    (error,) = json.loads(result.stdout)["errors"]
    assert error["code"] == "missing-managed-policy"
    assert error["path"] == "grants.deploy.role.managed_policies[0]"
    (message,) = unstyle(result.stderr).splitlines()
    assert message == f"refused {error['message']}"
    iam = client("iam", accounts.endpoint, account=DESTINATION)
    assert iam.list_roles()["Roles"] == []


FAILED_AT = "the program failed at __main__.py, line"
PROGRAMS = {
    "refuses": ("import pulumi\nraise pulumi.RunError('no luck today')\n", "no luck today"),
    "fails": ("import pulumi\n\n1 / 0\n", f"{FAILED_AT} 3: ZeroDivisionError: division by zero"),
    "fails later": (
        f"{PROVIDERS}pulumi.Output.from_input(1).apply(lambda one: one / 0)\n",
        f"{FAILED_AT} {len(PROVIDERS.splitlines()) + 1}: ZeroDivisionError: division by zero",
    ),
    "is no Python": ("1 //\n", "the program failed: SyntaxError: "),
    "exits": ("raise SystemExit(2)\n", f"{FAILED_AT} 1: SystemExit: 2"),
    "makes what only the engine can": (
        f"{PROVIDERS}aws.iam.User('u', opts=with_source)\n",
        "aws:iam/user:User ",
    ),
    "reads what only the engine can": (
        f"{PROVIDERS}aws.iam.Role.get('r', 'deploy', opts=with_source)\n",
        "aws:iam/role:Role r is not read in process",
    ),
    "imports what only the engine can": (
        (
            f"{PROVIDERS}imported = pulumi.ResourceOptions(provider=source, import_='deploy')\n"
            "aws.iam.Role('r', assume_role_policy=trust, opts=imported)\n"
        ),
        "aws:iam/role:Role r is not imported in process",
    ),
    "looks up what only the engine can": (
        (
            f"{PROVIDERS}options = pulumi.InvokeOutputOptions(provider=source)\n"
            "aws.iam.get_policy_output(name='p', opts=options)\n"
        ),
        "aws:iam/getPolicy:getPolicy ",
    ),
    "names no provider": (
        f"{PROVIDERS}aws.iam.Role('r', assume_role_policy=trust)\n",
        "aws:iam/role:Role must name a provider",
    ),
    "looks up without a provider": (
        f"{PROVIDERS}aws.get_caller_identity_output()\n",
        "aws:index/getCallerIdentity:getCallerIdentity must name a provider",
    ),
    "makes two of one name": (
        (
            f"{PROVIDERS}for _ in 'ab':\n"
            "    aws.iam.Role('r', assume_role_policy=trust, opts=with_source)\n"
        ),
        "two resources of type aws:iam/role:Role have the name r\n",
    ),
    "is refused by AWS": (
        f"{PROVIDERS}aws.iam.Role('r', assume_role_policy='no policy', opts=with_source)\n",
        "CreateRole: ",
    ),
    "leaves the loopback range": (
        (
            "import pulumi_aws as aws\n"
            f"aws.Provider('p', region='us-east-1', access_key='{SOURCE}', secret_key='s')\n"
        ),
        "the in-process engine works on loopback addresses only, not on AWS\n",
    ),
    "has other credentials than it should": (
        (
            f"{PROVIDERS}endpoints = [dict.fromkeys(['iam', 'sts'], settings.source.endpoint)]\n"
            "aws.Provider('other', region='us-east-1', access_key='333333333333', secret_key='s',\n"
            f"    allowed_account_ids=['{SOURCE}'], endpoints=endpoints)\n"
        ),
        f"the other credentials belong to account 333333333333, not to {SOURCE}\n",
    ),
    **{
        f"exports {value}": (
            f"import pulumi\npulumi.export('grants', {value})\n",
            "the program must export grants",
        )
        for value in ("{}", "dict(deploy={})", "dict(deploy=dict(roleArn=1))", "[]", "None")
    },
    "tells no grants": (
        "import pulumi\npulumi.export('grants', 'all of them')\n",
        "the program must export grants",
    ),
}


@pytest.mark.parametrize(("program", "message"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_that_fails_is_reported_in_its_own_words(
    program: str, message: str, accounts: Sandbox, tmp_path: Path
) -> None:
    folder = project(tmp_path, accounts.endpoint, grants=ONE_GRANT)
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    up = sandbox("up", folder, "--json")
    assert (up.exit_code, up.stdout) == (1, "")
    assert up.stderr.startswith(f"Error: {message}")
    assert "Traceback" not in up.stderr


REFUSED = {
    "gives the component what it refuses": (
        f"{PROVIDERS}TrustedRole('t', dict(**grants['deploy'], source_account_id='{SOURCE}'))\n",
        "opts.provider: ",
    ),
    "gives one account as both": (
        (
            f"{PROVIDERS}both = dict(source_provider=source, destination_provider=source)\n"
            "CrossAccountAccess('a', dict(grants=grants, **both))\n"
        ),
        "destination_account_id: ",
    ),
}


@pytest.mark.parametrize(("program", "message"), REFUSED.values(), ids=REFUSED)
def test_what_only_the_component_refuses_is_reported_as_a_refusal(
    program: str, message: str, accounts: Sandbox, tmp_path: Path
) -> None:
    folder = project(tmp_path, accounts.endpoint, grants=ONE_GRANT)
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    up = sandbox("up", folder)
    assert (up.exit_code, up.stdout) == (2, "")
    assert unstyle(up.stderr).startswith(f"refused {message}")
    assert "Traceback" not in up.stderr


def test_accounts_that_are_emptied_meanwhile_are_reported(
    accounts: Sandbox, tmp_path: Path
) -> None:
    folder = project(tmp_path, accounts.endpoint, grants=ONE_GRANT)
    program = folder / "__main__.py"
    reset = (
        "import urllib.request\n"
        f"url = '{accounts.endpoint}/_sandbox/reset'\n"
        "urllib.request.urlopen(urllib.request.Request(url, method='POST'))\n"
    )
    program.write_text(reset + program.read_text(encoding="utf-8"), encoding="utf-8")
    result = sandbox("up", folder)
    message = f'"alice": must be a user that account {SOURCE} has. Create it, or correct the name'
    assert result.exit_code == 2
    assert unstyle(result.stderr) == f"refused grants.deploy.principals[0].user: {message}\n"


def test_a_name_in_another_case_is_reported(accounts: Sandbox, tmp_path: Path) -> None:
    iam: Any = client("iam", accounts.endpoint, account=SOURCE)
    iam.create_user(UserName="Alice")
    folder = project(tmp_path, accounts.endpoint, grants=ONE_GRANT)
    check_failed(sandbox("up", folder), "The user with name alice cannot be found")
