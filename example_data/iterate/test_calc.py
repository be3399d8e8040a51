"""What calc.py promises, as plain assertions: no test framework needed."""

from calc import add, divide, mean


def raises(error, function, *arguments):
    """Whether the call raises this error; another error goes through."""
    try:
        function(*arguments)
    except error:
        return True
    return False


def test_add():
    assert add(2, 3) == 5, f"add(2, 3) is {add(2, 3)}, not 5"


def test_divide():
    assert divide(6, 3) == 2, f"divide(6, 3) is {divide(6, 3)}, not 2"
    assert raises(ValueError, divide, 1, 0), f"divide(1, 0) is {divide(1, 0)}, not a ValueError"


def test_mean():
    assert mean([2, 4, 6]) == 4, f"mean([2, 4, 6]) is {mean([2, 4, 6])}, not 4"
