"""swaptwin/Timing-v1: change a tuned timing set phase by phase, from what this swap looks like."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from envs.scaling import box
from envs.timing import OUTCOMES as OUTCOMES
from envs.timing import TimingEnv
from envs.timing_action import CHANGES as ACTION
from envs.timing_action import Residual
from envs.timing_observation import OBSERVATION_V1 as OBSERVATION
from envs.timing_reward import REWARD_WEIGHTS as REWARD_WEIGHTS
from twin.catalogue import Station, load_timing

Name = str | os.PathLike[str]


class TunedTimingEnv(TimingEnv):
    """Change a timing set in each mechanical phase of a swap, by what is known of this truck, pack and weather.

    One step is one mechanical phase of one robot, from the moment it may begin to the next decision request of any
    robot. An action of zeros plays the set `base` as it is, to the last bit; its blending, its shapers and the planning
    of its jobs stay. No action can exceed the machine's interlocks and axis limits.

    Action, `Box(9,)` float32. Finite values beyond the bounds are clipped; `info["clipped"]` lists which.
    `info["limited"]` lists which of `creep_height` and `creep_speed` the station limits (contact zone and speed):

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | velocity | - | 1 | -1 | 1 | 0.4 of each axis' limit more or less, within 0.2 to 1 |
    | 1 | acceleration | - | 1 | -1 | 1 | 0.4 of each axis' limit more or less, within 0.2 to 1 |
    | 2 | jerk | - | 1 | -1 | 1 | 0.45 of each axis' limit more or less, within 0.1 to 1 |
    | 3 | settle_threshold | - | 1 | -1 | 1 | times 4 to the action, within 0.005 to 0.08 m |
    | 4 | settle_dwell | - | 1 | -1 | 1 | 1.5 s more or less, within 0 to 3 s |
    | 5 | creep_height | - | 1 | -1 | 1 | times 3.16 to the action, within 0.03 to 0.3 m |
    | 6 | creep_speed | - | 1 | -1 | 1 | times 2.24 to the action, within 0.01 to 0.05 m/s |
    | 7 | overlap | - | 1 | -1 | 1 | 5 s more or less, within 0 to 10 s |
    | 8 | weight_share | - | 1 | -1 | 1 | 0.35 of the pack's weight more or less, within 0.01 to 0.7 |

    Observation, `Box(42,)` float32, quantity / scale, clipped to its bounds: what the control software knows when a
    robot asks. Phases are named as at top_lift; at a chassis station `lower` is `raise` and `lift_out` `lower_out`.
    After the last step it is that of the last question:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | phase_lower | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 1 | phase_grip | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 2 | phase_unlock | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 3 | phase_lift_out | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 4 | phase_traverse_to_slot | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 5 | phase_store | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 6 | phase_traverse_to_full | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 7 | phase_pick | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 8 | phase_traverse_to_truck | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 9 | phase_rescan | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 10 | phase_align | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 11 | phase_insert | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 12 | phase_lock | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 13 | phase_pull_test | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 14 | phase_release | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 15 | phase_clear | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 16 | way_x | m | 5 | -2 | 2 | of axis x in the phase, target less position |
    | 17 | way_y | m | 3 | -2 | 2 | of axis y |
    | 18 | way_z | m | 3 | -2 | 2 | of axis z; pick: down to the pack |
    | 19 | way_yaw | rad | 0.05 | -2 | 2 | of the yaw axis |
    | 20 | rope_start | m | 4 | 0 | 2 | length of the ropes now; 0 where none swing |
    | 21 | rope_move | m | 4 | 0 | 2 | during the sideways move: what the shaper's natural frequency is of |
    | 22 | rope_end | m | 4 | 0 | 2 | at the end of the phase |
    | 23 | mass | kg | 4000 | 0 | 2 | of the pack on the robot: as weighed, nominal before; 0 without one |
    | 24 | pack_mass | kg | 4000 | 0 | 2 | of such a pack, nominal |
    | 25 | truck_x | m | 0.1 | -2 | 2 | by the scanner: ahead of its place |
    | 26 | truck_y | m | 0.1 | -2 | 2 | by the scanner: left of it |
    | 27 | truck_yaw | rad | 0.03 | -2 | 2 | by the scanner, left positive |
    | 28 | truck_z | m | 0.05 | -2 | 2 | by the scanner: over its nominal height |
    | 29 | truck_pitch | rad | 0.03 | -2 | 2 | by the scanner, nose down positive |
    | 30 | truck_roll | rad | 0.03 | -2 | 2 | by the scanner, right down positive |
    | 31 | sway_x | m | 0.02 | -2 | 2 | of the load from its trolley now, or of the table from its middle |
    | 32 | sway_y | m | 0.02 | -2 | 2 | the same across |
    | 33 | load | N | 40000 | -1 | 2 | load cell |
    | 34 | clear | - | 1 | 0 | 1 | 1 by clear day |
    | 35 | night | - | 1 | 0 | 1 | 1 by night |
    | 36 | rain | - | 1 | 0 | 1 | 1 in rain |
    | 37 | guided | - | 1 | 0 | 1 | 1 where the truck was parked between rails |
    | 38 | robot_progress | - | 1 | 0 | 1 | share of this robot's phases that lie behind it |
    | 39 | swap_progress | - | 1 | 0 | 1 | the same of all robots |
    | 40 | elapsed | s | 150 | 0 | 3 | since the first mechanical phase began |
    | 41 | scan_scatter | m | 0.01 | 0 | 2 | of the scanner's frames of the truck about their mean, x and y |

    Reward: sum of weight x raw term; raw terms are in `info["reward_terms"]`:

    | term | weight | raw value |
    |---|---|---|
    | time | -1 | mechanical time that passed in this step over the swap's kinematic bound |
    | completed | 2 | 1 at completed |
    | failed | -2 | 1 at any end but completed and part_completed |
    | violation | -2 | safety invariants that this step broke for the first time |
    | force | -0.5 | peak lateral force beyond the warn limit as a share of it, in the step that raised it |
    | sway | -0.1 | sway at hand-over beyond the station's limit as a share of it, in the step that raised it |

    Start: a parked, measured truck; the first robot requests a decision for `lower` (`raise`). A truck outside the
    station's gate parks again, where a swap would end (`repark_required`); `info["case"]["reparked"]` counts how often.
    Each quantity is drawn from its own stream of the episode's seed. Constructor arguments (for every episode) or
    `reset(options=...)` (for one) fix `truck`, `pack`, `parking` (guided, unguided; by argument or option only, driven:
    the driver model parks the truck), `conditions` (clear, night, rain; by argument or option only, night+rain) and
    `last_phase`. With `errors` every second episode has one that the station does not notice (`twin.setup.errors`: of
    rope, drive lag, pack mass or guide friction), in `info["case"]["error"]`. Options alone fix `servo_gain_spread`
    (0.1 by default), `friction_factor` (of the guides), `pack_mass_kg`, `truck_x_m`, `truck_y_m`, `truck_yaw_rad`. The
    option `timing` (a timing set, its name or file) has that set played as it is, every option of it, and actions have
    no effect. `reset(seed=s)` is episode s; a reset without a seed draws one, given in `info["case"]["seed"]`, so every
    episode is reproducible from its seed.

    Ends, in `info["outcome"]`; all of them terminate, as every wait of a swap has its own time limit:

    | outcome | when |
    |---|---|
    | running | not ended yet |
    | completed | the truck has its pack and may leave; success if no safety invariant was broken |
    | part_completed | the phases up to last_phase are done |
    | repark_required | the truck stands too far off |
    | lock_stuck | a lock did not open or close, or did not hold |
    | grip_failed | the robot did not get hold of a pack, or not off it |
    | jam | a pack did not go into its seat |
    | scan_failed | the truck could not be measured |
    | sway_limit | a load did not settle below its threshold in time |
    | timeout | a command took too long |
    | refused | a permissive refused a command |
    | outside_model | the reduced-order model's domain of validity was left; counts as failed |
    | overload | trip: load beyond the limit |
    | lateral_force | trip: pressed too hard sideways |
    | truck_moved | trip: the truck was pushed aside |
    | estop | trip: emergency stop |
    | power_loss | trip: power lost |
    | lock_not_open | trip: lifted with a lock not open |
    | low_traverse | trip: sideways with a pack too low |
    | following_error | trip or end: an axis did not follow |
    | robot_distance | trip: robots too close |
    | load_implausible | trip: the load cell reads what no load there can weigh |

    `info`: `outcome`, `is_success` (completed or part_completed, no invariant broken), `reward_terms`, `clipped`,
    `limited`, `asked` (phase, robot and job of the next decision request); `costs` by name and their sum `cost`
    (invariants: newly broken ones, lateral_force: rise of the peak beyond the warn limit as a share of it);
    `violations` of the safety monitor; `kpis`: time_s (mechanical), lower_bound_s (kinematic), procedure_bound_s, ratio
    (to the kinematic bound), and the swap's own (peak_lateral_force_n, residual_sway_m, insert_attempts, energy_j,
    ...), and 1 or 0, of a swap that has not failed: first_attempt, below_warn (the peak lateral force stayed below the
    station's warn limit); `case`: what was drawn.

    Arguments:
        station: name or path of a station, or a station.
        base: name or path of the timing set that actions change.
        truck, pack: name or path; None draws among those that go with the station.
        parking, conditions: None draws.
        errors: True draws errors of the station.
        last_phase: a mechanical phase of the station after which the episode ends, at the first robot that would
            continue; None: the whole swap.
        plant: "bullet", the reference, or "rom", the reduced-order model.
        render_mode: None, "rgb_array" or "human"; with it `view` is a view of the viewer (overview, seat, top, driver)
            and `size_px` the picture's width and height.

    Raises:
        InputError: a wrong argument, option or action, named.

    Version history: v1. v0 (`envs.timing`) has the timing of every phase as its action, from nothing.
    """

    def __init__(
        self, station: Name | Station = "top_lift", base: Name = "tuned", errors: bool = False, **arguments: Any
    ) -> None:
        super().__init__(station, **arguments)
        self._choice = replace(self._choice, errors=errors)
        self._choices = {self._choice.planning: self._choice}
        self.base, self._base = str(base), load_timing(base, self.station)
        self._actions = Residual(self.station, self._base)
        self._observed = OBSERVATION
        self.action_space, self.observation_space = box(ACTION), box(OBSERVATION)
