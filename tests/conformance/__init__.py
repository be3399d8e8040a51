"""The SDK's own tests, run against the replay server: `make conformance`.

`sdk` fetches them, `seeded` is the server that they meet, `expected_failures` knows which can't pass.
"""
