"""Another version of the SDK, tried in an environment of its own: `make newest-sdk`.

`surface` reads what a version offers, `compare` says what differs between two, `trial` installs one
beside the lock's other packages and runs the tests that meet it there.
"""
