"""One session, played: recordings and client events in, the event log out."""
