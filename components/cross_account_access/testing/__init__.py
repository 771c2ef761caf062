"""Tests of your own Pulumi program: mocks of AWS accounts, and who gets in.

`AwsMocks` answers what a program asks of Pulumi's engine, without the engine and without AWS, and
then says whether a caller may assume a role. Nothing here is used by a deployment.
"""

from .aws_mocks import AwsMocks
from .call_terms import CallTerms
from .mock_account import MockAccount
from .registrations import Registration

__all__ = ["AwsMocks", "CallTerms", "MockAccount", "Registration"]
