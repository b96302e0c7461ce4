"""From a setting to the trials of its seeds: models, variation and plant, checked as `swap`'s options are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from agents.experiments.design import Setting, settings
from agents.experiments.spec import ALL, Level, Linked, Spec, Throughput
from agents.experiments.trial import Trial
from twin.catalogue import (
    Pack,
    Site,
    Station,
    TimingSet,
    Truck,
    compatible,
    load_pack,
    load_site,
    load_station,
    load_timing,
    load_truck,
    names,
    with_overrides,
)
from twin.catalogue.explain import hint
from twin.catalogue.settings import with_settings
from twin.commands.swap import default_truck
from twin.errors import InputError
from twin.runner.kinds import PLANTS
from twin.setup.variation import Variation

POLICIES = {"align_policy": "align", "timing_policy": "timing"}
"""Options for policies, and what these decide."""
FAULT, NONE = "fault", "none"
"""Option for faults, several of them in one level with `; ` between; and the level of no fault or policy."""
OPTIONS = ("station", "truck", "pack", "timing", "parking", "conditions", "plant", *POLICIES, FAULT)
"""Options of `swap` that may be factors or constants."""
VARIATION = tuple(name for name in Variation.model_fields if name != "conditions")
"""Fields of the variation: weather, wear and load beyond the models."""
PARKINGS = ("guided", "unguided", "driven")
MODELS = ("station", "truck", "pack", "timing")
SITE = "site."
"""Beginning of the path of a value of the site."""


@dataclass(frozen=True)
class Resolved:
    """A setting with everything that its swaps need but the seed."""

    setting: Setting
    station: Station
    truck: Truck
    pack: Pack
    timing: Any
    plant: str
    parking: str
    variation: Variation
    faults: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()
    site: Site | None = None
    """What stands around the robots, for a day of the station; no swap depends on it."""

    def trial(self, seed: int) -> Trial:
        """Return the trial of one seed."""
        return Trial(self.station, self.truck, self.pack, self.timing, seed, self.plant, self.parking, self.variation,
                     self.faults, self.policies)  # fmt: skip


@dataclass
class Plan:
    """The settings of an experiment.

    Attributes:
        left_out: settings of a full design whose models do not fit each other, with the reason.
    """

    spec: Spec
    settings: list[Resolved] = field(default_factory=list)
    left_out: list[tuple[Setting, str]] = field(default_factory=list)

    @property
    def seeds(self) -> range:
        return range(self.spec.first_seed, self.spec.first_seed + self.spec.swaps)

    @property
    def trials(self) -> int:
        return len(self.settings) * self.spec.swaps


def plan(spec: Spec) -> Plan:
    """Resolve every setting.

    Raises:
        InputError: a factor that nothing has, a level that its model refuses, models that do not fit each other.
    """
    check_names(spec)
    found = Plan(spec)
    cache: dict[str, Any] = {}
    for setting in settings(spec, _levels(spec)):
        try:
            found.settings.append(resolve(setting, spec.values(setting), cache, spec.throughput))
        except DoNotFitError as error:
            if spec.design.kind != "full":
                raise InputError(str(error), key="factors", value=_words(setting)) from None
            found.left_out.append((setting, str(error)))
    if not found.settings:
        why = found.left_out[0][1] if found.left_out else "no factor has a level"
        raise InputError(f"no setting is left: {why}", key="factors")
    return found


class DoNotFitError(Exception):
    """Station, truck and pack of a setting do not go together; the message says why."""


def check_names(spec: Spec) -> None:
    """Raise InputError for a factor or constant whose first part no option, variation or model has."""
    fields: dict[str, type[BaseModel]] = {"station": Station, "truck": Truck, "pack": Pack, "timing": TimingSet}
    rows = spec.design.rows or [{}]
    for where, given in (("factors", [*spec.factors, *rows[0]]), ("constants", list(spec.constants))):
        for name in (path for one in given for path in _paths(spec, one)):
            first = name.partition(".")[0].partition("[")[0]
            of_model = any(first in model.model_fields for model in fields.values())
            if name in OPTIONS or name in VARIATION or (first in MODELS and "." in name) or of_model:
                continue
            if name.startswith(SITE) and spec.throughput is None:
                problem = "a value of the site needs throughput"
                raise InputError(problem, key=f"{where}.{name}", allowed="throughput: {} in the specification")
            if name.startswith(SITE):
                continue
            known = [*OPTIONS, *VARIATION, *(key for model in fields.values() for key in model.model_fields)]
            allowed = f"{', '.join((*OPTIONS, *VARIATION))}, or a dotted path such as station.axes.z.velocity_mps"
            raise InputError(f"no such factor{hint(first, known)}", key=f"{where}.{name}", allowed=allowed)


def _paths(spec: Spec, factor: str) -> list[str]:
    """What a factor sets."""
    of = spec.factors.get(factor)
    return of.paths if isinstance(of, Linked) else [factor]


def _levels(spec: Spec) -> dict[str, list[Level]]:
    """Levels of the factors that say `all`."""
    found: dict[str, list[Level]] = {}
    for name, levels in spec.factors.items():
        if not isinstance(levels, list) or ALL not in levels:
            continue
        if name not in ("truck", "pack", "timing"):
            raise InputError("has no list of all", key=f"factors.{name}", value=ALL, allowed="truck, pack, timing")
        everything = names(name, load_station(spec.station)) if name == "timing" else names(name)
        found[name] = list(dict.fromkeys(one for level in levels for one in (everything if level == ALL else [level])))
    return found


def resolve(
    setting: Setting, values: Mapping[str, Level], cache: dict[str, Any], throughput: Throughput | None = None
) -> Resolved:
    """Resolve one setting; `values` are its levels and the constants, `cache` keeps loaded models.

    With `throughput` the setting has a site too.

    Raises:
        InputError: a value that its model refuses, named.
        DoNotFitError: models that do not go together.
    """

    station = _loaded(cache, "station", values["station"], load_station)
    pack = _loaded(cache, "pack", values["pack"], load_pack) if "pack" in values else None
    if "truck" in values:
        truck = _loaded(cache, "truck", values["truck"], load_truck)
    else:
        truck = _loaded(cache, "default truck", values.get("pack", ""), lambda _, at: default_truck(at, pack), station)
    if pack is None:
        pack = _default_pack(station, truck)
    if (refused := compatible(station, truck, pack)) is not None:
        raise DoNotFitError(refused)
    timing = _loaded(cache, "timing", values.get("timing", "factory"), load_timing, station)
    models = {"station": station, "truck": truck, "pack": pack, "timing": timing}
    of_site = {name: value for name, value in values.items() if name.startswith(SITE)}
    changed = {name: of for name, of in values.items() if name not in (*OPTIONS, *VARIATION, *of_site)}
    if changed:
        key = repr(sorted((name, id(model)) for name, model in models.items())) + repr(sorted(changed.items()))
        if key not in cache:
            try:
                cache[key] = with_settings(models, [f"{name}={as_yaml(value)}" for name, value in changed.items()])
            except InputError as error:
                raise _named(error, None) from None
            cache[f"{key} holds"] = models  # so that no other model takes its identity
        models = cache[key]
    parking = str(values.get("parking", "guided"))
    if parking not in PARKINGS:
        raise InputError("unknown parking", key="parking", value=parking, allowed=", ".join(PARKINGS))
    plant = str(values["plant"])
    if plant not in PLANTS:
        raise InputError("unknown plant", key="plant", value=plant, allowed=", ".join(PLANTS))
    varied = {name: value for name, value in values.items() if name in VARIATION or name == "conditions"}
    variation = Variation.of(**varied)
    variation.check(models["station"], models["pack"], parking)
    site = None if throughput is None else _site(models["station"], of_site, throughput, cache)
    found = Resolved(setting, models["station"], models["truck"], models["pack"], models["timing"], plant, parking,
                     variation, faults_of(values.get(FAULT, NONE)), _policies(values), site)  # fmt: skip
    if found.faults or found.policies:
        key = f"checked:{station.name}:{found.faults}:{found.policies}:{found.truck.name}:{found.pack.name}"
        if key not in cache:
            cache[key] = _check_single(found)
    return found


def faults_of(level: Level) -> tuple[str, ...]:
    """Faults of a level, each in the words of `swap --fault`."""
    return () if level == NONE else tuple(part.strip() for part in str(level).split(";"))


def _policies(values: Mapping[str, Level]) -> tuple[tuple[str, str], ...]:
    given = ((what, str(values.get(option, NONE))) for option, what in POLICIES.items())
    return tuple((what, name) for what, name in given if name != NONE)


def _check_single(found: Resolved) -> bool:
    """Raise InputError for a fault that a swap cannot have, or a policy that is none or for something else."""
    from agents import deciders
    from twin.faults import faulty_setup, parse_fault
    from twin.setup.setup import build_setup

    setup = build_setup(found.station, found.truck, found.pack, seed=0, planning=found.timing.planning)
    makers = {"align": deciders.alignment, "timing": deciders.timing}
    try:
        faulty_setup(setup, [parse_fault(text) for text in found.faults])
        for what, name in found.policies:
            makers[what](name, setup)
    except InputError as error:
        key = (error.key or "").removeprefix("--").replace("-policy", "_policy") or None
        raise InputError(error.problem, file=error.file, key=key, value=error.value, allowed=error.allowed) from None
    return True


def _site(station: Station, changed: Mapping[str, Level], throughput: Throughput, cache: dict[str, Any]) -> Site:
    site: Site = _loaded(cache, "site", throughput.site or f"{station.kind}_site", load_site)
    if site.kind != station.kind:
        raise InputError("is for another kind of station", key="throughput.site", value=site.kind, allowed=station.kind)
    if throughput.trucks_per_day is not None:
        site = with_overrides(site, {"demand.trucks_per_day": throughput.trucks_per_day})
    try:
        texts = [f"{name}={as_yaml(value)}" for name, value in changed.items()]
        found: Site = with_settings({"site": site}, texts)["site"]
    except InputError as error:
        raise _named(error, None) from None
    return found


def _loaded(cache: dict[str, Any], kind: str, name: Level, load: Callable[..., Any], *more: Any) -> Any:
    """Load a model once; its InputError names the kind."""
    key = f"{kind}:{name}:{','.join(one.name for one in more)}"
    if key not in cache:
        try:
            cache[key] = load(str(name), *more)
        except InputError as error:
            raise _named(error, kind) from None
    return cache[key]


def _default_pack(station: Station, truck: Truck) -> Pack:
    from twin.catalogue import default_pack

    try:
        return default_pack(station, truck)
    except InputError as error:
        raise DoNotFitError(error.problem) from None


def _named(error: InputError, kind: str | None) -> InputError:
    """Return the error with the factor's name in place of `--set`'s."""
    key = (error.key or "").removeprefix("--set ") or None
    return InputError(error.problem, file=error.file, key=key if kind is None else key or kind, value=error.value,
                      allowed=error.allowed)  # fmt: skip


def as_yaml(value: Level) -> str:
    """A level as `--set` takes it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _words(setting: Setting) -> str:
    return ", ".join(f"{name} {value}" for name, value in setting.items())
