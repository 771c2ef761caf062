"""Emulated AWS accounts for cross-account access: moto's IAM and STS, with AWS's own decisions in front."""
