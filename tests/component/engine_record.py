"""What a program asked of the engine: the resources, the invokes, the outputs and the log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cross_account_access.testing.program_run import AWS_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Program = Callable[[], Mapping[str, Any] | None]


SECRET = "[secret]"


class Unknown:
    """What a preview doesn't know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Options:
    """The options of a registered resource, as far as components set them.

    Attributes:
        import_id: The ID under which it is imported.
        ignore_changes: The inputs whose changes are ignored.
        retain_on_delete: Whether it is kept in the account when it leaves the stack; None where the
            engine takes its parent's.
        protect: Whether its deletion is refused.
        deleted_with: The resource, as `TYPE::NAME`, with whose deletion its own is done.
        aliases: What it was before, each the name and the parent's `TYPE::NAME`; empty where it is
            the same.
        secret_outputs: The outputs that are secret whatever the inputs are.
        replacement_trigger: What replaces it when it changes.
        deleted_first: Whether it is deleted before it is made again.
    """

    import_id: str = ""
    ignore_changes: tuple[str, ...] = ()
    retain_on_delete: bool | None = None
    protect: bool = False
    deleted_with: str = ""
    aliases: tuple[tuple[str, str], ...] = ()
    secret_outputs: frozenset[str] = frozenset()
    replacement_trigger: Any = None
    deleted_first: bool = False


@dataclass(frozen=True)
class Made:
    """A registered resource.

    Attributes:
        type: Its type.
        name: Its name in the program.
        parent: Its parent, `TYPE::NAME`.
        provider: The name of its explicit provider; empty where it has none.
        inputs: Its inputs, secrets too.
        shown: The same with `SECRET` in each secret's place.
        depends: What it depends on, each as `TYPE::NAME`.
        uses: The same for each of its inputs.
        options: What it is to be imported from, what is ignored or kept of it, what it was called
            before.
    """

    type: str
    name: str
    parent: str
    provider: str
    inputs: dict[str, Any]
    shown: dict[str, Any]
    depends: frozenset[str]
    uses: dict[str, frozenset[str]]
    options: Options

    @property
    def secret(self) -> set[str]:
        """The inputs that are secret, whole or in part."""
        return {
            key for key, value in self.shown.items() if SECRET in json.dumps(value, default=repr)
        }


@dataclass(frozen=True)
class Call:
    """An invoke."""

    token: str
    args: dict[str, Any]
    provider: str


@dataclass
class Run:
    """What a program asked of the engine, in the order in which it did.

    Attributes:
        made: The resources.
        calls: The invokes.
        outputs: What the stack exports, secrets too.
        shown: The same with `SECRET` in each secret's place.
        registered: What each component registers as its outputs, by `TYPE::NAME`, secrets hidden.
        log: What the program told the person.
        events: `begin TYPE::NAME` and `end TYPE::NAME` of each resource.
    """

    made: list[Made] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Made]:
        """What was made of a type, given in short: `Role`, `TrustedRole`."""
        return sorted(
            (made for made in self.made if short(made.type) == kind), key=lambda made: made.name
        )

    def one(self, kind: str, name: str | None = None) -> Made:
        """The one resource of a type, or the one with the name among them."""
        found = [made for made in self.of(kind) if name in (None, made.name)]
        assert len(found) == 1, f"{len(found)} {kind} {name or ''}: {self.graph()}"
        return found[0]

    def document(self, kind: str, name: str | None = None) -> Any:
        """A role's trust policy or a policy's document, read."""
        made = self.one(kind, name)
        return json.loads(made.inputs["assumeRolePolicy" if kind == "Role" else "policy"])

    def graph(self) -> set[tuple[str, str, str, str]]:
        """Each resource but the providers: type in short, name, parent's name, provider."""
        return {
            (short(made.type), made.name, made.parent.rpartition("::")[2], made.provider)
            for made in self.made
            if made.type != AWS_PROVIDER
        }

    def kinds(self) -> set[str]:
        """The types of what was made, in short, but for the providers."""
        return {kind for kind, *_ in self.graph()}

    def asked(self) -> list[tuple[str, str, str]]:
        """Each invoke: function in short, the name or ARN that was looked up, provider."""
        return sorted(
            (
                short(call.token),
                str(next((call.args[key] for key in _LOOKED_UP if key in call.args), "")),
                call.provider,
            )
            for call in self.calls
        )

    def visible(self) -> str:
        """All that is in plain text in the state, the outputs, the lookups and the log."""
        parts = [
            [(made.shown, made.name) for made in self.made],
            [call.args for call in self.calls],
            self.shown,
            self.registered,
            self.log,
        ]
        return json.dumps(parts, default=repr)


_LOOKED_UP = ("userName", "name", "arn")


def short(token: str) -> str:
    """The last part of a type or function."""
    return token.rpartition(":")[2]
