"""What is told to whom when something happens to a session, and the sender that tells it."""
