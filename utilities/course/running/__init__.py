"""Running notebooks: on their recordings, headless, each in a kernel of its own."""
