"""Kernels that start quickly, for the dozens that a run of the tests starts: see `forked`.

A kernel takes two seconds of computing before its first cell, nearly all of it imports of other people's
packages. One that isn't this Python's own, or has another Python environment, is started as everywhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from tests.kit.forked import Forked, become, can_fork, to_the_end

# How this Python's own kernel is started; the option is for debuggers.
PLAIN = ([sys.executable, "-m"], [sys.executable, "-Xfrozen_modules=off", "-m"])
LAUNCHER, NAME = "ipykernel_launcher", "forked"


@contextmanager
def kernels(*, forked: bool = True) -> Iterator[None]:
    """In this block, kernels that this process starts are forked, or are not."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:ForkedKernel", factory.GROUP_NAME)
    before = factory.default_provisioner_name
    factory.default_provisioner_name = NAME if forked else "local-provisioner"
    try:
        yield
    finally:
        factory.default_provisioner_name = before


class ForkedKernel(LocalProvisioner):
    """Starts a kernel, by forking if that makes no difference to it."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        environment = kwargs.get("env") or dict(os.environ)
        before, launcher, arguments = _parts(cmd)
        if before not in PLAIN or not launcher or not can_fork(environment):
            return await super().launch_kernel(cmd, **kwargs)
        self.cwd = kwargs.get("cwd")
        process = Forked(_kernel, arguments, environment, self.cwd and str(self.cwd))
        self.process = process  # type: ignore[assignment]
        self.pid = self.pgid = process.pid
        return self.connection_info


def _parts(command: list[str]) -> tuple[list[str], bool, list[str]]:
    """What stands before the launcher of IPython's kernel, whether it is there, and what stands behind it."""
    if LAUNCHER not in command:
        return command, False, []
    at = command.index(LAUNCHER)
    return command[:at], True, command[at + 1 :]


def _kernel(arguments: list[str], environment: dict[str, str], folder: str | None) -> None:
    import ipykernel_launcher  # type: ignore[import-untyped]
    from ipykernel.kernelapp import launch_new_instance

    # A kernel ends when its parent has ended: who that is was read when the launcher was imported.
    parent = str(os.getppid())
    environment = {**environment, "JPY_PARENT_PID": parent}
    arguments = [*arguments, f"--IPKernelApp.parent_handle={parent}"]
    become([ipykernel_launcher.__file__, *arguments], environment, folder)
    to_the_end(launch_new_instance)
