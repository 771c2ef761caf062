"""A stack brought up on the emulated accounts: in process, or by the real engine.

Who may assume what is decided in `aws` and proved in `proof`.
"""
