"""The lessons in a browser's Python (Pyodide), run by Node: `make test-browser-python`."""
