"""doctor: the shape of its report, and that nothing broken on the machine takes it down."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from twin import kernel_cache
from twin.commands import doctor

ROOT = Path(__file__).resolve().parents[3]


def test_json_is_one_object_and_this_machine_is_ready(run_swaptwin):
    done = run_swaptwin("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert list(report) == ["ready", "machine", "checks"]
    assert report["ready"] is True
    assert report["machine"]["cores"] > 0
    names = [check["name"] for check in report["checks"]]
    assert len(set(names)) == len(names)
    for check in report["checks"]:
        assert list(check) == ["name", "status", "detail", "fix", "required"]
        assert check["status"] in ("ok", "to do", "missing", "broken")
        assert check["detail"]
        assert check["status"] == "ok" or check["fix"], f"{check['name']} does not say what to do"


def test_the_list_of_packages_is_the_one_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [requirement.split(">")[0].split("=")[0] for requirement in project["dependencies"]]
    assert sorted(doctor.REQUIRED_PACKAGES) == sorted(names)


def test_doctor_imports_nothing_it_examines():
    code = (
        "import sys; from twin.commands import doctor; doctor.examine(lambda text: None);"
        "sys.exit(str({'pybullet', 'numba', 'numpy', 'mcap', 'foxglove', 'torch'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise RuntimeError('no engine')", "no engine"),
        ("import a_package_nobody_has", "a_package_nobody_has"),
        ("import os; os.abort()", "killed by signal 6"),
        ("import sys; sys.exit(3)", "no message"),
    ],
)
def test_a_probe_that_fails_or_crashes_is_broken(code, words):
    check = doctor.run_probe("probe", code)
    assert check.status == "broken"
    assert words in check.detail
    assert check.fix


def test_a_probe_that_hangs_is_broken(monkeypatch):
    monkeypatch.setattr(doctor, "PROBE_TIMEOUT_S", 0.2)
    check = doctor.run_probe("probe", "import time; time.sleep(60)")
    assert (check.status, check.detail) == ("broken", "no answer within 0.2 s")


def test_packages_missing_different_and_as_pinned():
    pins = {"numpy": "0.0.1", "typing-extensions": doctor.metadata.version("typing_extensions")}
    assert doctor.check_package("a-package-nobody-has", "nothing", pins, required=True).status == "missing"
    different = doctor.check_package("numpy", "arrays", pins, required=True)
    assert different.status == "ok"
    assert "tested with 0.0.1" in different.detail
    assert different.fix
    assert doctor.check_package("typing_extensions", "types", pins, required=True).fix is None


def test_no_folder_for_kernels_is_broken(monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/proc/no-such-folder")
    assert doctor.check_kernel_cache().status == "broken"


@pytest.mark.parametrize(("required", "exit_code"), [(True, 1), (False, 0)])
def test_exit_1_only_when_something_required_is_not_ok(monkeypatch, capsys, required, exit_code):
    checks = [doctor.Check("engine", "broken", "no [engine] here", "install it", required)]
    monkeypatch.setattr(doctor, "examine", lambda report: checks)
    with pytest.raises(typer.Exit) as done:
        doctor.command(json=False)
    assert done.value.exit_code == exit_code
    text = capsys.readouterr().out
    assert "no [engine] here" in text
    assert "install it" in text
    assert ("Not ready: engine." in text) == required


def test_compiled_kernels_are_reported_where_they_are(monkeypatch, tmp_path):
    """In the folder that is used: numba's own where it is named, else ours in the user's cache."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert str(tmp_path / "home" / ".cache" / "swaptwin" / "kernels") in doctor.check_kernel_cache().detail
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert str(tmp_path / "cache" / "swaptwin" / "kernels") in doctor.check_kernel_cache().detail
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    check = doctor.check_kernel_cache()
    assert f"not compiled yet; folder {tmp_path}" == check.detail
    assert (check.status, check.required) == ("to do", False)
    assert "make kernels" in (check.fix or "")
    kernel_cache.mark_compiled("rom")
    assert "plant rom are compiled" in doctor.check_kernel_cache().detail
    kernel_cache.mark_compiled(kernel_cache.ALL)
    check = doctor.check_kernel_cache()
    assert (check.status, check.detail, check.fix) == ("ok", f"compiled; folder {tmp_path}", None)


def test_numba_uses_the_same_folder(monkeypatch):
    """Doctor names the folder of this process's kernels."""
    from numba import config

    import twin.motion.kernels  # noqa: F401 - sets the folder

    assert str(kernel_cache.folder()) == config.CACHE_DIR


def test_a_first_run_announces_compilation(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    words = "compiling the reduced-order plant's kernels (about a minute, once for each version)"
    assert kernel_cache.notice("rom", "setting up the swap") == words
    kernel_cache.mark_compiled("rom")
    assert kernel_cache.notice("rom", "setting up the swap") == "setting up the swap"
    assert "compiling" in kernel_cache.notice("bullet", "setting up the swap")
    kernel_cache.mark_compiled(kernel_cache.ALL)
    assert kernel_cache.notice("bullet", "setting up the swap") == "setting up the swap"
