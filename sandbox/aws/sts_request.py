"""One call of STS, and what it is answered from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.aws.mfa_devices import check_code
from sandbox.aws.query_protocol import Reply, build_xml_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.aws.credentials import CallingIdentity
    from sandbox.aws.query_protocol import AwsCall
    from sandbox.aws.sandbox_state import SandboxState


@dataclass(frozen=True)
class StsRequest:
    """One call of STS.

    Attributes:
        call: as it came.
        value: its parameters, nested and typed, within the constraints of AWS's model.
        identity: who calls.
        state: what it is answered from.
    """

    call: AwsCall
    value: Mapping[str, Any]
    identity: CallingIdentity
    state: SandboxState

    def check_mfa(self) -> bool:
        """Whether the call itself comes with a right MFA code; raises AwsError for a wrong one."""
        serial, code = self.value.get("SerialNumber"), self.value.get("TokenCode")
        return check_code(self.identity, serial, code, self.state.accounts, self.state.clock())

    def answer(self, result: Mapping[str, Any]) -> Reply:
        return build_xml_reply("sts", self.call.action, result)
