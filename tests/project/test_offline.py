"""The tripwire trips, in this process and in its children, and lets loopback through."""

import asyncio
import os
import socket
import subprocess
import sys

import nbformat
import pytest
from loopback_only import NetworkBlocked
from nbformat.v4 import new_code_cell, new_notebook

from tests.kit.places import ROOT

ELSEWHERE = "192.0.2.1"  # reserved for documentation: nobody has it


@pytest.mark.parametrize("host", [ELSEWHERE, "example.com", "127.0.0.1.example.com", "10.0.0.1"])
def test_a_connection_elsewhere_is_refused(host):
    with pytest.raises(NetworkBlocked, match=host):
        socket.create_connection((host, 443), timeout=1)


def test_a_datagram_elsewhere_is_refused():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(NetworkBlocked):
        sock.sendto(b"x", (ELSEWHERE, 53))


def test_asyncio_is_refused_too():
    with pytest.raises(NetworkBlocked):
        asyncio.run(asyncio.wait_for(asyncio.open_connection(ELSEWHERE, 443), 1))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=1).close()


def test_unix_sockets_are_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("s")
        server.listen()
        client.connect("s")


def test_a_child_process_is_guarded():
    code = f"import socket; socket.create_connection(('{ELSEWHERE}', 443), timeout=1)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "NetworkBlocked" in child.stderr


def test_no_key_and_no_address_is_in_the_environment():
    assert not [name for name in os.environ if name.startswith("ANTHROPIC_")]
    assert os.environ["COOKBOOK_OFFLINE"] == "1"


@pytest.mark.slow
def test_not_even_when_the_user_has_one():
    test = f"{__file__}::{test_no_key_and_no_address_is_in_the_environment.__name__}"
    env = os.environ | {"ANTHROPIC_API_KEY": "a-key", "ANTHROPIC_BASE_URL": "https://example.com"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    child = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert child.returncode == 0, child.stdout


@pytest.mark.slow
def test_notebooks_under_nbmake_have_the_same_guards(tmp_path):
    """nbmake runs no fixtures and starts its own kernels: all they know is the environment."""
    source = f"""
import os, socket
assert not [name for name in os.environ if name.startswith("ANTHROPIC_")]
assert [os.environ[name] for name in ("COOKBOOK_OFFLINE", "COOKBOOK_STRICT")] == ["1", "1"]
try:
    socket.create_connection(("{ELSEWHERE}", 443), timeout=1)
except RuntimeError as error:
    assert type(error).__name__ == "NetworkBlocked"
"""
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / "01.ipynb")
    unguarded = {k: v for k, v in os.environ.items() if not k.startswith(("COOKBOOK_", "PYTHONPATH"))}
    env = unguarded | {"ANTHROPIC_API_KEY": "a-key"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "--nbmake", str(tmp_path)]
    child = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert child.returncode == 0, child.stdout
