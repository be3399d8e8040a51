"""How a recording is made of a scenario: its calls are executed, its events are written."""
