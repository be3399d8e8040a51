"""What the course itself runs on: its notebooks executed and compared, its exercises checked.

`running/` executes notebooks and compares outputs (`make run`, `make notebooks`), `lessonNN/` has
what only that lesson needs, `exercises` and `table` what several do, `doctor` checks a machine
(`make doctor`). A reader who copies helpers into a project needs none of this.
"""
