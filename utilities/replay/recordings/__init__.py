"""What was recorded: the files, their format, and which of them a session agrees with."""
