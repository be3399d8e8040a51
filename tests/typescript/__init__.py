"""The replay server, used by the official TypeScript client. Needs Node; `make test-typescript`."""
