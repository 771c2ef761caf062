"""Emulated AWS accounts: moto's IAM and STS behind AWS's own authorization decisions."""
