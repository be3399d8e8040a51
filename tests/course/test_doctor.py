"""`make doctor` says what is wrong and what to do about it, also where nothing can be imported."""

import json
import os
import socket
import subprocess
import sys

import anthropic
import pytest

from utilities.course import doctor

NAMES = ("Python", "packages", "course", "kernel", "port", "network", "key", "folders", "recordings")


def test_all_well_is_exit_code_0(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "recordings", lambda folder: doctor.Check("recordings", True, "some"))
    assert doctor.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["OK", name] for name in NAMES]


def test_one_thing_to_fix_is_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "recordings", lambda folder: doctor.Check("recordings", False, "mend it"))
    assert doctor.main() == 1
    assert "FIX  recordings  mend it" in capsys.readouterr().out.splitlines()


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert str(doctor.python()) == "FIX  Python      3.9.18 is too old: make setup PYTHON=python3.12"


def packages(folder, lock, allowed="anthropic>=2.11"):
    """The check, in a clone with this lock and a pyproject.toml that allows this SDK."""
    (folder / "requirements.lock").write_text(lock)
    (folder / "pyproject.toml").write_text(f"[project]\ndependencies = ['{allowed}']\n")
    return doctor.packages(folder / "requirements.lock", folder / "pyproject.toml")


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ("pytest==0.1\n    # via nobody\n", "pytest "),
        ("no-such-package==1.0\n", "no-such-package missing"),
        ("a==1\nb==1\nc==1\nd==1\n", "a missing, b missing, c missing and 1 more"),
        ("<<<<<<< HEAD\n", "make setup in a whole clone"),
    ],
)
def test_packages_that_are_not_the_locks(tmp_path, lock, said):
    check = packages(tmp_path, lock)
    assert not check.ok and said in check.detail


def test_another_sdk_that_the_project_allows_is_well_and_said(tmp_path):
    allowed = packages(tmp_path, "anthropic==2.11.999\n")
    assert allowed.ok and f"but anthropic is {anthropic.__version__}, which" in allowed.detail
    refused = packages(tmp_path, "anthropic==2.11.999\n", allowed="anthropic>=999")
    assert not refused.ok and f"not the lock's: anthropic {anthropic.__version__}" in refused.detail
    assert packages(tmp_path, f"anthropic=={anthropic.__version__}\n").detail == "1 as in requirements.lock"


def test_an_environment_of_ones_own_may_have_other_versions(tmp_path):
    project = tmp_path / "pyproject.toml"
    extras = "[project.optional-dependencies]\ncourse = ['pytest>={}']\n"
    project.write_text("[project]\ndependencies = ['anthropic>=2.11']\n" + extras.format(8), "utf-8")
    assert doctor.own_packages(project).ok
    project.write_text("[project]\ndependencies = ['no-such-package>=1']\n" + extras.format(999), "utf-8")
    check = doctor.own_packages(project)
    assert not check.ok and "no-such-package missing, pytest " in check.detail
    assert f'-m pip install -e "{tmp_path}[course]"' in check.detail


def test_packages_of_another_platform_are_not_asked_for(tmp_path):
    assert packages(tmp_path, "no-such-package==1.0 ; sys_platform == 'amiga'\n").ok


def test_a_lock_that_is_not_there(tmp_path):
    assert not doctor.packages(tmp_path / "requirements.lock", tmp_path / "pyproject.toml").ok


def test_a_kernel_of_another_interpreter(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/elsewhere/bin/python")
    check = doctor.kernel()
    assert not check.ok and "then make setup" in check.detail


def test_no_port(monkeypatch):
    def refuse(address):
        raise OSError("operation not permitted")

    monkeypatch.setattr(socket, "create_server", refuse)
    check = doctor.port()
    assert not check.ok and "operation not permitted" in check.detail


def test_a_key_costs_money(monkeypatch):
    monkeypatch.delenv("COOKBOOK_OFFLINE")
    assert "recordings" in doctor.key().detail
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-key")
    assert "cost money" in doctor.key().detail and "sk-ant-key" not in doctor.key().detail
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1" in doctor.key().detail
    monkeypatch.setenv("COOKBOOK_OFFLINE", "1")
    assert "recordings" in doctor.key().detail


@pytest.mark.parametrize(
    ("key", "said"), [("garbage", "doesn't begin as keys do"), ("sk-ant-x\n", "line break")]
)
def test_a_key_that_is_none_and_the_way_back_to_recordings(monkeypatch, key, said):
    monkeypatch.delenv("COOKBOOK_OFFLINE")
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    check = doctor.key()
    assert not check.ok and said in check.detail and "COOKBOOK_OFFLINE=1" in check.detail
    assert key.strip() not in check.detail


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "pip install socksio"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "which isn't there"),
    ],
)
def test_a_network_matters_with_a_key_only(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    assert doctor.network().ok and f"{name}: for the live service" in doctor.network().detail
    monkeypatch.delenv("COOKBOOK_OFFLINE")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-key")
    assert not doctor.network().ok and said in doctor.network().detail


def test_the_course_of_another_clone(monkeypatch, tmp_path):
    assert doctor.course().ok
    about = tmp_path / "managed_agents_cookbook-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: managed-agents-cookbook\nVersion: 0.1.0\n", "utf-8")
    other = tmp_path / "Übung 1"
    (about / "direct_url.json").write_text(json.dumps({"url": other.as_uri()}), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert not doctor.course().ok and f"has the one of {other}, not of" in doctor.course().detail


def test_folders_that_can_not_be_written_in(monkeypatch, tmp_path):
    assert doctor.folders().ok
    monkeypatch.setattr(os, "access", lambda folder, mode: folder != doctor.ROOT)
    assert doctor.folders().ok and "read-only" in doctor.folders().detail
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    assert not doctor.folders().ok and "set JUPYTER_RUNTIME_DIR" in doctor.folders().detail


def test_recordings_that_are_not_there(tmp_path):
    check = doctor.recordings(tmp_path / "recordings")
    assert not check.ok and "recordings" in check.detail


def test_it_runs_where_nothing_is_installed():
    bare = subprocess.run([sys.executable, "-I", "-S", doctor.__file__], capture_output=True, text=True)
    assert bare.returncode == 1 and not bare.stderr
    to_fix = [line.split()[1] for line in bare.stdout.splitlines() if line.startswith("FIX")]
    assert to_fix == ["packages", "course", "kernel", "recordings"]
