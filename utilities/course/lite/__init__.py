"""The lessons that run in a browser, with nothing installed: Python itself there (Pyodide), and JupyterLite.

    python -m utilities.course.lite --fetch    # make lite-parts: the parts, from npm and PyPI, into .lite/
    python -m utilities.course.lite            # make lite: from them, without network, site/lite/

`parts` names what is fetched, `distribution` makes of it what a browser loads.
"""
