"""Every command without the packages of an extra: it works, or one line names the package and the extra."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import swaptwin
from tests.sweep.lines import ROOT, Ended, lines, run
from tests.tiers import slow
from twin import extras
from twin.commands import doctor

MODULES = {
    "envs": ("gymnasium",),
    "viewer": ("panda3d", "direct", "imageio_ffmpeg", "moviepy"),
    "train": ("array_api_compat", "onnx", "onnxruntime", "onnxscript", "stable_baselines3", "tensorboard", "torch"),
    "dataset": ("h5py", "minari"),
    "tune": ("cma", "optuna"),
    "report": ("SALib",),
    "cluster": ("ray",),
    "dev": ("panda_gym", "rerun", "rl_zoo3", "ruckig", "hypothesis"),
}
VIDEO = ["replay", "short.mcap", "--video", "out/v.mp4", "--size", "320x180", "--duration", "1"]
LINES = {
    **lines("out"),
    "a bundle": ["evaluate", "alignment", "--policy", "align_sac", "--plant", "rom", "--episodes", "1"],
    "a policy in a swap": ["swap", "--plant", "rom", "--align-policy", "align_sac", "--fault", "estop:at_s=1"],
    "a timing policy in a swap": ["swap", "--plant", "rom", "--timing-policy", "zv", "--fault", "estop:at_s=1"],
    "a search by Optuna": [*lines("out")["tune"], "--sampler", "tpe"],
    "a video": VIDEO,
    "a window": ["replay", "short.mcap"],
    "a cluster": ["experiment", "run", "experiment.yaml", "--executor", "ray", "--ledger", "out/ray.sqlite"],
}
NEEDS = {
    # what each lacks, without the extra; the others work
    "envs": {
        **dict.fromkeys(
            (
                "evaluate",
                "record-dataset",
                "train",
                "tune",
                "a bundle",
                "a policy in a swap",
                "a timing policy in a swap",
            ),
            "gymnasium",
        ),
    },
    "viewer": {"replay": "panda3d", "a video": "panda3d", "a window": "panda3d"},
    "train": {"train": "", "a bundle": "onnx", "a policy in a swap": "onnx"},
    "dataset": {"record-dataset": ""},
    "tune": {"a search by Optuna": "optuna"},
    "report": {},
    "cluster": {"a cluster": "ray"},
    "dev": {},
}
ALONE = {
    # one package of an extra, and the line that lacks it
    "imageio_ffmpeg": ("viewer", "a video"),
    "torch": ("train", "train"),
    "stable_baselines3": ("train", "train"),
    "tensorboard": ("train", "train"),
    "onnxruntime": ("train", "train"),
    "onnx": ("train", "a bundle"),
    "optuna": ("tune", "a search by Optuna"),
}


def check(ended: Ended, needed: str | None, extra: str) -> None:
    """One line that names package and extra where something is needed, else no word of it."""
    assert "Traceback" not in ended.said, ended
    assert ended.code != "raised", ended
    if needed is None:
        assert "needs the package" not in ended.said, ended
        return
    assert ended.code == 1, ended
    last = ended.said.splitlines()[-1]
    assert last.startswith(f"error: {ended.line[0]}: needs the package {needed}"), ended
    assert last.endswith(f"of the extra '{extra}' (pip install 'swaptwin[{extra}]')"), ended
    assert ended.said.count("error") == 1, ended


def test_every_command_is_swept() -> None:
    assert set(swaptwin.COMMANDS) <= set(LINES)


@pytest.mark.parametrize("extra", ["dev", *(slow(extra) for extra in NEEDS if extra != "dev")])
def test_without_an_extra(made: Path, extra: str) -> None:
    for_one = {"a window": "viewer", "a cluster": "cluster"}
    chosen = {name: line for name, line in LINES.items() if name != "bench" and for_one.get(name, extra) == extra}
    if extra != "train":  # takes long where it can be done
        chosen = {name: line for name, line in chosen.items() if name != "train" or name in NEEDS[extra]}
    if extra == "dev":
        chosen = {name: LINES[name] for name in ("evaluate", "replay", "models")}
    for name, ended in zip(chosen, run(made, list(chosen.values()), hidden=MODULES[extra], cheap=True), strict=True):
        check(ended, NEEDS[extra].get(name), extra)


@pytest.mark.parametrize("module", ["onnx", *(slow(module) for module in ALONE if module != "onnx")])
def test_without_one_package(made: Path, module: str) -> None:
    extra, name = ALONE[module]
    [ended] = run(made, [LINES[name]], hidden=(module,))
    check(ended, extras.canonical(module), extra)
    assert not (made / "out" / "run").exists()


def test_bench_measures_what_it_can(made: Path) -> None:
    every = tuple(module for modules in MODULES.values() for module in modules)
    [ended] = run(made, [["bench"]], hidden=every, cheap=True)
    assert (ended.code, "Traceback" in ended.said) == (0, False), ended


def test_what_other_libraries_make_of_it_is_seen_through() -> None:
    wrapped = ModuleNotFoundError("registration failed")
    wrapped.__cause__ = ModuleNotFoundError("No module named 'gymnasium'", name="gymnasium.envs")
    assert extras.missing_module(wrapped) == "gymnasium"
    assert extras.missing_module(ModuleNotFoundError("", name="twin.nothing")) is None
    assert extras.missing_module(ImportError("cannot import name")) is None


def test_the_table_is_that_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    reported = {
        extra: sorted(extras.canonical(requirement.split(">")[0].split("=")[0]) for requirement in requirements)
        for extra, requirements in project["optional-dependencies"].items()
    }
    assert {extra: sorted(packages) for extra, packages in extras.EXTRAS.items()} == reported


def test_doctor_tells_the_same() -> None:
    for package in doctor.OPTIONAL_PACKAGES:
        extra = extras.extra_of(package)
        assert extra is not None, package
        gone = doctor.check_package(package + "-that-is-gone", "a test", {}, required=False)
        assert gone.status == "missing"
    brought = {
        package
        for extra in ("envs", "viewer", "train", "tune", "report", "cluster")
        for package in extras.EXTRAS[extra]
    }
    assert brought <= set(doctor.OPTIONAL_PACKAGES)


def test_doctor_calls_pictures_missing_and_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    check = doctor.check_pictures()
    assert (check.status, check.required) == ("missing", False)
    assert check.fix == "pip install 'swaptwin[viewer]'"


def test_doctor_says_how_a_package_of_an_extra_is_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(package: str) -> str:
        raise doctor.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(doctor.metadata, "version", version)
    fix = doctor.check_package("panda3d", "the 3D viewer", {}, required=False).fix
    assert fix is not None
    assert fix.startswith("pip install 'swaptwin[viewer]'")
