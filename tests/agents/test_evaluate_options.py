"""What `swaptwin evaluate` takes and tells: timing sets of one's own, driven trucks, trucks that parked again."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

import swaptwin
from agents.commands.evaluate import Shown, chosen_policies
from agents.commands.evaluation_tables import command_line, policy_table
from agents.episodes import DEFAULT_STATION, Episode, Player, Scene, TimeLimitError
from agents.evaluate import Evaluation, evaluate
from agents.policies import load_policy
from agents.tasks import TASKS, find_task
from envs.timed_swap import TimedSwap
from tests.agents.test_train_command import Told
from tests.agents.tiny import TASK
from twin import catalogue, kernel_cache
from twin.catalogue import load_station, load_timing, with_overrides
from twin.catalogue.load import models_folder
from twin.errors import InputError
from twin.runner.kinds import runner_maker
from twin.swap import SwapTwin

TUNED = models_folder() / "timing" / "top_lift" / "tuned.yaml"
ZVD = models_folder() / "timing" / "top_lift" / "zvd.yaml"
ROM = {"plant": "rom", "truck": "tractor_6x4", "pack": "cab_282"}


def reported(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert swaptwin.run(["evaluate", *arguments, "--workers", "1", "--json"]) == 0, capsys.readouterr().err
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


# ------------------------------------------------------------------------------------------- timing sets of one's own


def test_a_timing_file_is_played_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set with options ends in the very state of the swap that has it as its timing set."""
    states = []

    def ended(self: Any) -> Any:
        states.append(self.twin.runner.state_sha256(0))
        return close(self)

    close = TimedSwap.close
    monkeypatch.setattr(TimedSwap, "close", ended)
    done, _ = evaluate(Scene(TASKS["timing"], ROM), [str(TUNED)], episodes=1, seed=0, workers=1)
    [[own]] = done.episodes
    case = Scene(TASKS["timing"], ROM).make().unwrapped
    case.reset(seed=0, options={"timing": str(TUNED)})
    swap = SwapTwin(case._episode_now().case.setup, load_timing(TUNED, "top_lift"), make_runner=runner_maker("rom"))
    result = swap.run()
    swap.close()
    assert (own.outcome, result.outcome) == ("completed", "completed")
    assert own.time_s == pytest.approx(result.mechanical_time_s, abs=1e-9)
    assert result.end_state_sha256 == states[0]
    assert (own.steps > 10, own.interventions) == (True, {})
    assert done.as_json()["policies"][0]["timing_set"] == "tuned"


def test_a_swap_that_ends_before_its_first_phase_is_an_episode_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Robots that stand ready move before the first decision request, and may trip there."""
    begin = TimedSwap._begin

    def trips(self: TimedSwap, *arguments: Any) -> None:
        begin(self, *arguments)
        self.twin.program.end(0, "estop", "")

    monkeypatch.setattr(TimedSwap, "_begin", trips)
    done, _ = evaluate(Scene(TASKS["timing"], ROM), [str(TUNED)], episodes=1, seed=0, workers=1)
    [[own]] = done.episodes
    assert (own.outcome, own.success, own.steps, own.reparked) == ("estop", False, 1, 0)


def test_a_copy_of_a_set_is_played_as_the_set(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_bytes(ZVD.read_bytes())
    done, _ = evaluate(Scene(TASKS["timing"], ROM), [str(mine), "zvd", "factory"], episodes=1, seed=0, workers=1)
    [[own], [named], [factory]] = done.episodes
    assert own.time_s == named.time_s
    assert own.time_s < factory.time_s - 5.0
    assert [row.get("timing_set") for row in done.as_json()["policies"]] == ["mine", "zvd", "factory"]


def test_a_set_of_the_station_is_a_policy_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is no baseline; at a station without it the name is unknown."""
    monkeypatch.setattr(catalogue, "names", lambda kind, station: ["zvd", "my_own"])
    assert chosen_policies(TASKS["timing"], ["my_own"], "top_lift") == ("my_own",)
    monkeypatch.setattr(catalogue, "names", lambda kind, station: ["zvd"])
    with pytest.raises(InputError, match=r"--policy: unknown policy.*, got 'my_own'"):
        chosen_policies(TASKS["timing"], ["my_own"], "top_lift")


def test_a_frequency_that_the_file_fixes_is_played(tmp_path: Path) -> None:
    """With the natural frequency itself a set moves as without one; with another it moves otherwise."""
    environment = Scene(TASKS["timing_v0"], ROM).make()
    observation, _ = environment.reset(seed=0)
    rope_m = 4.0 * observation[21]
    natural_hz = (9.81 / rope_m) ** 0.5 / (2.0 * 3.141592653589793)
    plain = load_policy("zvd", dict(TASKS["timing_v0"].baselines), environment.unwrapped).act(observation)
    elements = []
    for factor in (1.0, 1.5, 3.0):
        file = tmp_path / f"fixed_{factor}.yaml"
        first = "  lower: {shaper: zvd,"
        assert first in ZVD.read_text()
        file.write_text(ZVD.read_text().replace(first, f"{first} shaper_frequency_hz: {factor * natural_hz},"))
        policy = load_policy(str(file), {}, environment.unwrapped, timing_files=TASKS["timing_v0"].timing_files)
        if factor > 2.0:
            with pytest.raises(InputError, match=r"fixed_3\.0\.yaml: shaper_frequency_hz: outside the action range"):
                policy.act(observation)
            continue
        action = policy.act(observation)
        elements.append(action[4] - plain[4])
        assert [i for i in range(10) if abs(action[i] - plain[i]) > 1e-5] == ([] if factor == 1.0 else [4])
    assert elements[1] > 0.1
    environment.close()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("overlap_s: 4.5", "overlap_s: -4.5", r"phases\.lower\.overlap_s: "),
        ("overlap_s: 4.5", "overlaps: 4.5", r"phases\.lower\.overlaps: .*unknown key"),
        ("kind: top_lift", "kind: chassis", "mine.yaml"),
        ("shaper: zvd", "shaper: [", "mine.yaml"),
    ],
)
def test_a_mistake_in_it_is_one_line(
    tmp_path: Path, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(ZVD.read_text().replace(old, new))
    assert swaptwin.run(["evaluate", "timing", "--policy", str(mine), "--plant", "rom", "--episodes", "1"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert str(mine) in err
    assert re.search(said, err)


def test_other_tasks_take_no_timing_file() -> None:
    with pytest.raises(InputError, match=r"--policy: a YAML file is not a policy of this task, got 'zvd\.yaml'"):
        evaluate(Scene(TASKS["docking"]), ["zvd.yaml"], episodes=1, seed=0, workers=1)


# -------------------------------------------------------------------------------------------------- parking and gate


def test_driven_trucks_are_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    said = reported(capsys, "timing", "--parking", "driven", "--plant", "rom", "--policy", "zvd", "--episodes", "2")
    assert (said["parking"], said["policies"][0]["reasons"]) == ("driven", {"completed": 2})
    said = reported(
        capsys, "alignment", "--parking", "driven", "--conditions", "rain+night", "--plant", "rom",
        "--policy", "baseline", "--episodes", "2",
    )  # fmt: skip
    assert (said["parking"], said["conditions"]) == ("driven", "night+rain")


def test_trucks_that_parked_again_are_counted() -> None:
    """As many as a swap would have sent back: those whose first draw stands outside the gate."""
    from envs.swap_case import SwapChoice, outside_gate
    from envs.timing import STILL_S

    scene = Scene(TASKS["timing"], {"plant": "rom", "parking": "unguided"})
    seeds = range(6, 14)
    done, _ = evaluate(scene, ["zvd"], episodes=len(seeds), seed=seeds[0], workers=1)
    choice = SwapChoice(with_overrides(load_station("top_lift"), STILL_S), parking="unguided")
    outside = [seed for seed in seeds if outside_gate(choice.draw(seed))]
    again = [episode.seed for episode in done.episodes[0] if episode.reparked]
    assert set(outside) <= set(again), "more only where the scanner sees one outside"
    assert 0 < len(again) < len(seeds)
    said = done.as_json()
    assert said["reparked"] == len(again)
    assert said["draws_outside_gate"] >= len(again)
    first = said["policies"][0]["rates"]["first_parking"]
    assert first["count"] == sum(e.success and not e.reparked for e in done.episodes[0])


def test_docking_has_nobody_to_park_again(capsys: pytest.CaptureFixture[str]) -> None:
    said = reported(capsys, "docking", "--policy", "baseline", "--episodes", "1")
    assert "reparked" not in said


# ------------------------------------------------------------------------------------------------------- what is told


KPIS = {"time_s": 9.0, "first_attempt": 1.0, "below_warn": 0.0}


def evaluation(scene: Scene, *reparked: int) -> Evaluation:
    episodes = tuple(Episode(i, True, "completed", 3, 1.0, 0.0, KPIS, 0, {}, n) for i, n in enumerate(reparked))
    return Evaluation(scene, ("zvd",), 0, len(reparked), (episodes,), {"station": "top_lift"})


def test_the_table_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    from agents.commands.evaluation_tables import print_evaluation

    scene = Scene(TASKS["timing"], {"conditions": "rain+night"})
    print_evaluation(Console(width=200), evaluation(scene, 0, 2, 1, 0))
    out = capsys.readouterr().out
    assert "2 of 4 trucks stood outside the station's gate (in 3 draws) and parked again" in out
    assert "evaluate timing --conditions night+rain --policy zvd --seed 0 --episodes 1" in out
    print_evaluation(Console(width=200), evaluation(scene, 0, 0))
    assert "outside the station's gate" not in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 200])
def test_no_word_of_the_table_is_broken(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    Console(width=width).print(policy_table(evaluation(Scene(TASKS["timing"]), 0, 1).as_json(), width))
    out = capsys.readouterr().out
    for words in ("violations", "34.2 to 100.0 %", "completed 2", "first parking", "time, s: median, p95"):
        assert words in out
    assert all(len(line) <= width for line in out.splitlines())


def test_a_printed_command_is_one_for_a_shell() -> None:
    scene = Scene(TASKS["timing"], {"station": "my station's.yaml", "conditions": "rain"})
    words = command_line(scene, ["factory", "-odd/policy"], "--seed", "3")
    assert "--station 'my station'\"'\"'s.yaml' --conditions rain --policy factory --policy ./-odd/policy" in words


def test_the_progress_line_counts_episodes() -> None:
    line = Told()
    shown = Shown(line, ["zvd", "zv"], 500)
    for i in range(37):
        shown.take([Episode(i, i % 2 == 0, "", 1, 0.0, 0.0, {}, 0, {}), Episode(i, True, "", 1, 0.0, 0.0, {}, 0, {})])
    assert re.fullmatch(r"episode 37 of 500: success zvd 51 %, zv 100 %; \d+:\d\d left", line.texts[-1])
    assert line.shares[-1] == pytest.approx(37 / 500)


def test_the_start_says_that_kernels_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert kernel_cache.start_notice("starting") == (
        "starting; kernels that are not there yet are compiled (minutes, once)"
    )
    kernel_cache.mark_compiled(kernel_cache.ALL)
    assert kernel_cache.start_notice("starting") == "starting"


def test_an_evaluation_ends_in_time_with_what_it_has() -> None:
    import time

    scene = Scene(TASK, {"wait_s": 0.002})
    for workers in (1, 2):
        began_s = time.monotonic()
        done, interrupted = evaluate(
            scene, ["baseline", "zero"], episodes=10_000, seed=0, workers=workers, until_s=began_s + 2.5
        )
        assert not interrupted
        assert time.monotonic() - began_s < 4.0
        assert done.played < 10_000
        assert done.asked == 10_000
        if workers == 1:
            assert done.played > 3
    with pytest.raises(TimeLimitError):
        Player(scene, ["baseline"])(0, until_s=time.monotonic())


def test_an_unknown_policy_is_refused_before_anything_starts() -> None:
    with pytest.raises(InputError, match=r"unknown policy \(did you mean baseline\?\).*allowed: baseline, "):
        chosen_policies(TASKS["docking"], ["zero", "basline"])
    with pytest.raises(InputError, match=r"allowed: align_careful, align_sac, baseline, law, "):
        chosen_policies(TASKS["alignment"], ["basline"])
    assert chosen_policies(TASKS["docking"], ["zero", "runs/mine/policy"]) == ("zero", "runs/mine/policy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "timing.phases.insert.shaper=zv",
            "no timing is given that this could change, got 'timing.phases.insert",
        ),
        ("truck.mass_kg=9000", "no truck is given that this could change, got 'truck.mass_kg=9000' (allowed: --truck"),
    ],
)
def test_a_change_of_a_model_that_is_not_given_says_so(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swaptwin.run(["evaluate", "timing", "--plant", "rom", "--policy", "factory", "--set", text]) == 2
    assert capsys.readouterr().err.startswith(f"error: --set: {said}")


def test_settings_reach_the_environment_and_the_command_line() -> None:
    task = find_task("timing")
    scene = Scene(task, {"truck": "tractor_6x4"}, ("axes.z.velocity_mps=0.3", "truck.tyre_friction=0.6"))
    arguments = scene.arguments()
    assert arguments["station"].axes.z.velocity_mps == 0.3
    assert arguments["truck"].tyre_friction == 0.6
    environment = scene.make()
    try:
        assert environment.unwrapped.station.axes.z.velocity_mps == 0.3
    finally:
        environment.close()
    assert "--set axes.z.velocity_mps=0.3" in command_line(scene, ["factory"])
    assert pickle.loads(pickle.dumps(scene)).arguments() == arguments


def test_a_setting_of_a_model_that_is_drawn_is_refused() -> None:
    with pytest.raises(InputError, match="no model has such a value"):
        Scene(find_task("timing"), {}, ("truck.tyre_friction=0.6",))


def test_the_station_without_a_name_is_the_environments() -> None:
    for task in TASKS.values():
        environment = Scene(task).make()
        assert environment.unwrapped.station.name == DEFAULT_STATION
        environment.close()


# ------------------------------------------------------------------------------------- what every episode has beyond


def test_options_of_every_episode_reach_the_environment_and_the_command_line() -> None:
    scene = Scene(TASKS["alignment"], {"plant": "rom", "vary": "delay_s=0.1,friction_factor=0.5"})
    assert scene.arguments()["vary"] == {"delay_s": 0.1, "friction_factor": 0.5}
    environment = scene.make()
    case = environment.reset(seed=0)[1]["case"]
    environment.close()
    assert case["delay_s"] == 0.1
    assert "--vary delay_s=0.1,friction_factor=0.5" in command_line(scene, ["law"])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["alignment", "--vary", "delay_s"], "NAME=NUMBER"),
        (["alignment", "--vary", "delay_s=soon"], "NAME=NUMBER"),
        (["alignment", "--vary", "delay_s=0.1", "--vary", "delay_s=0.2"], "twice"),
        (["alignment", "--vary", "wind=1", "--policy", "law"], "unknown option"),
        (["docking", "--vary", "delay_s=0.1"], "takes no such option"),
        (["alignment", "--plant", "rom", "--worlds", "4", "--policy", "mpc"], "one world at a time"),
        (["alignment", "--plant", "rom", "--worlds", "4", "--policy", "law"], "--workers: has no effect"),
        (["alignment", "--record-at-most", "3"], "--record-at-most: records nothing without --record-failures"),
        (["alignment", "--vary", "friction_factr=1", "--policy", "law"], "did you mean friction_factor?"),
        (["alignment", "--policy", "mpc"], "reduced-order plant"),
    ],
)
def test_what_it_cannot_play_is_refused_in_one_line(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert swaptwin.run(["evaluate", *words, "--episodes", "1", "--workers", "1"]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert named in line


def test_a_bundle_outside_what_it_was_made_for_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "alignment", "--plant", "rom", "--worlds", "4", "--episodes", "4", "--policy", "align_careful"]
    assert swaptwin.main([*words, "--policy", "law"]) == 0
    assert "made for" not in capsys.readouterr().out
    assert swaptwin.main([*words, "--station", "chassis", "--policy", "law"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "align_careful: made for station top_lift, played with chassis: nothing is known of it there" in shown
    assert swaptwin.main([*words, "--station", "chassis", "--policy", "law", "--json"]) == 0
    careful, law = json.loads(capsys.readouterr().out)["policies"]
    assert careful["outside_validity"] == {"station": {"valid": ["top_lift"], "played": "chassis"}}
    assert "outside_validity" not in law
