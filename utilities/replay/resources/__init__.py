"""The resources of the API, a file for each: what is kept of them, and what is refused."""
