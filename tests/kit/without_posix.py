"""Runs a program with the course imported as on Windows, as far as Linux can imitate that.

    python tests/kit/without_posix.py PROGRAM

What others wrote is imported first: it knows Windows. Then what only POSIX has is taken away, Windows is said
to be the platform, and all of ours is imported anew, and used by the program.
"""

import importlib
import os
import pkgutil
import runpy
import signal
import sys
from types import ModuleType

OURS = ("utilities", "managed_agents_pytest")
MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
# Not SIGKILL and AF_UNIX, which Python's own Popen.kill and socketpair use here: test_portable.py looks for
# them in the code.
NAMES = {
    os: (
        "fork",
        "forkpty",
        "getegid",
        "geteuid",
        "getgid",
        "getpgid",
        "getuid",
        "killpg",
        "mkfifo",
        "setsid",
    ),
    signal: ("SIGALRM", "SIGHUP", "SIGQUIT", "SIGUSR1", "alarm", "pthread_sigmask", "setitimer"),
}


def import_ours() -> list[str]:
    """Import every module of ours but those that are programs; returns their names."""
    import utilities

    found = [each.name for each in pkgutil.walk_packages(utilities.__path__, "utilities.")]
    modules = [name for name in found if not name.endswith("__main__")]
    for name in (*modules, "managed_agents_pytest"):
        importlib.import_module(name)
    return modules


def hide_posix() -> None:
    """Take away what Windows lacks, and put `msvcrt` there, which locks nothing."""
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for module, names in NAMES.items():
        for name in names:
            delattr(module, name)
    msvcrt = ModuleType("msvcrt")
    msvcrt.LK_NBLCK, msvcrt.locking = 2, lambda *_: None  # type: ignore[attr-defined]
    sys.modules["msvcrt"] = msvcrt


def main(program: str) -> None:
    import_ours()
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    hide_posix()
    ours, sys.platform = sys.platform, "win32"
    print("imported:", len(import_ours()), "modules")
    sys.platform = ours  # others ask it again while they run
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
