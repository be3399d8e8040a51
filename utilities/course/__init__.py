"""What the course itself runs on: its notebooks executed and compared, its exercises checked.

`notebooks` executes one notebook and compares outputs, `run` is the command around it
(`make run`, `make notebooks`), `doctor` checks a machine (`make doctor`). A reader who copies
helpers into a project needs none of this.
"""
