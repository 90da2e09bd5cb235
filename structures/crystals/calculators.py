"""ASE calculators by name: the potentials that licoat knows, and any other through a TOML file or an entry point."""

import importlib
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from licoat.structures.crystals.calculator_spec import CalculatorSpec, one_line
from licoat.structures.errors import CalculatorError, InputFileError, shortened, shown
from licoat.structures.reading import read_toml

__all__ = ["CALCULATORS", "CalculatorSpec", "calculator_spec"]

ENTRY_POINTS = "licoat.calculators"
MP_PBE_O2_EV_PER_ATOM = -4.948
"""Materials Project O2 (PBE), which the MP2020 oxide correction belongs to; a potential's own O2 is not trusted."""


def sevennet_weights() -> str:
    """Return the file of the 7net-l3i5 weights, which the wheel of sevenn holds."""
    from sevenn.util import pretrained_name_to_path

    return str(pretrained_name_to_path("7net-l3i5"))


def sevennet_mf_weights() -> str:
    """Return the file of the 7net-mf-0 weights, which the wheel of sevenn holds."""
    from sevenn.util import pretrained_name_to_path

    return str(pretrained_name_to_path("7net-mf-0"))


def chgnet_weights() -> str:
    """Return the file of the CHGNet 0.3.0 weights, which the wheel of chgnet holds."""
    import chgnet

    (path,) = (Path(chgnet.__file__).parent / "pretrained" / "0.3.0").glob("*.tar")
    return str(path)


def mace_weights() -> str:
    """Return the file of the MACE-MP-0 medium weights, which mace downloads at first use."""
    models = importlib.import_module("mace.calculators.foundations_models")
    return str(models.download_mace_mp_checkpoint("medium"))


def mattersim_weights() -> str:
    """Return the file of the MatterSim 1M weights, which mattersim downloads at first use."""
    path = Path("~/.local/mattersim/pretrained_models/mattersim-v1.0.0-1M.pth").expanduser()
    if not path.is_file():
        importlib.import_module("mattersim.utils.download_utils").download_checkpoint(path.name, str(path.parent))
    return str(path)


CALCULATORS: Mapping[str, CalculatorSpec] = {
    spec.name: spec
    for spec in (
        CalculatorSpec(
            "sevennet",
            "sevenn.calculator:SevenNetCalculator",
            "sevennet-l3i5",
            corrections="mp2020",
            arguments={"model": "7net-l3i5"},
            package="sevenn",
            extra="'licoat[mlip]'",
            weights="licoat.structures.crystals.calculators:sevennet_weights",
            device_argument="device",
            o2_energy_ev_per_atom=MP_PBE_O2_EV_PER_ATOM,
        ),
        CalculatorSpec(
            "sevennet-r2scan",
            "sevenn.calculator:SevenNetCalculator",
            "sevennet-mf-0-r2scan",
            arguments={"model": "7net-mf-0", "modal": "R2SCAN"},
            package="sevenn",
            extra="'licoat[mlip]'",
            weights="licoat.structures.crystals.calculators:sevennet_mf_weights",
            device_argument="device",
        ),
        CalculatorSpec(
            "chgnet",
            "chgnet.model.dynamics:CHGNetCalculator",
            "chgnet-0.3.0",
            corrections="included",
            package="chgnet",
            extra="chgnet",
            weights="licoat.structures.crystals.calculators:chgnet_weights",
            device_argument="use_device",
            o2_energy_ev_per_atom=MP_PBE_O2_EV_PER_ATOM,
        ),
        CalculatorSpec(
            "mace",
            "mace.calculators:mace_mp",
            "mace-mp-0",
            corrections="mp2020",
            arguments={"model": "medium", "default_dtype": "float64"},
            package="mace-torch",
            extra="mace-torch",
            weights="licoat.structures.crystals.calculators:mace_weights",
            device_argument="device",
            o2_energy_ev_per_atom=MP_PBE_O2_EV_PER_ATOM,
        ),
        CalculatorSpec(
            "mattersim",
            "mattersim.forcefield:MatterSimCalculator",
            "mattersim-v1",
            corrections="mp2020",
            package="mattersim",
            extra="mattersim",
            weights="licoat.structures.crystals.calculators:mattersim_weights",
            device_argument="device",
            o2_energy_ev_per_atom=MP_PBE_O2_EV_PER_ATOM,
        ),
        CalculatorSpec("emt", "ase.calculators.emt:EMT", "emt", package="ase"),
        CalculatorSpec("lj", "ase.calculators.lj:LennardJones", "lj", package="ase", arguments={"smooth": True}),
    )
}
"""Calculators by name. ``emt`` and ``lj`` are for tests: fast, and right for nothing but their own model."""


def calculator_spec(name: str | Path, *, device: str = "cpu") -> CalculatorSpec:
    """Find a calculator.

    Parameters
    ----------
    name : str or Path
        One of `CALCULATORS`; the name of an entry point of the group ``licoat.calculators`` (a `CalculatorSpec` or
        a function that returns one); a TOML file with a table ``[calculator]`` of the fields of `CalculatorSpec`
        (``factory`` and ``label`` at least); or an import path ``module:attribute``.
    device : {"cpu", "cuda"}
        Where it runs.

    Returns
    -------
    CalculatorSpec

    Raises
    ------
    CalculatorError
        If there is no calculator of this name.
    InputFileError
        If a TOML file cannot be used, or the device does not exist.

    Examples
    --------
    >>> calculator_spec("emt").scheme()
    'emt/none'
    """
    text = str(name)
    if text in CALCULATORS:
        spec = CALCULATORS[text]
    elif text.endswith(".toml"):
        spec = _from_toml(Path(text))
    elif _is_import_path(text):
        spec = CalculatorSpec(text, text, text.rpartition(":")[2].lower())
    else:
        spec = _from_entry_point(text)
    if device == "cpu":
        return spec
    return replace(spec, device=device)


def _from_entry_point(name: str) -> CalculatorSpec:
    found = entry_points(group=ENTRY_POINTS)
    matching = [point for point in found if point.name == name]
    if not matching:
        known = ", ".join(dict.fromkeys([*CALCULATORS, *sorted(point.name for point in found)]))
        raise CalculatorError(
            f"no calculator {shown(name)}; choose one of {known}, a file F.toml with [calculator], or "
            "'module:attribute'"
        )
    try:
        loaded = matching[0].load()
        spec = loaded if isinstance(loaded, CalculatorSpec) else loaded()
    except Exception as error:
        raise CalculatorError(f"entry point {name!r} of {ENTRY_POINTS} cannot be loaded: {one_line(error)}") from error
    if not isinstance(spec, CalculatorSpec):
        raise CalculatorError(f"entry point {name!r} of {ENTRY_POINTS}: gave {type(spec).__name__}, no CalculatorSpec")
    return spec


def _from_toml(path: Path) -> CalculatorSpec:
    document = read_toml(path)
    table = document.get("calculator")
    if not isinstance(table, dict) or set(document) != {"calculator"}:
        raise InputFileError(f"{path}: expected one table [calculator] and nothing else")
    allowed = [f.name for f in fields(CalculatorSpec) if f.name != "device"]
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        raise InputFileError(f"{path}: unknown key {shown(unknown[0])} in [calculator]; expected {', '.join(allowed)}")
    if not {"factory", "label"} <= table.keys():
        raise InputFileError(f"{path}: [calculator] needs factory = 'module:attribute' and label = 'name-of-energies'")
    kinds: dict[str, type | tuple[type, ...]] = {"arguments": dict, "o2_energy_ev_per_atom": (int, float)}
    for key, value in table.items():
        if not isinstance(value, kinds.get(key, str)) or isinstance(value, bool):
            raise InputFileError(f"{path}: {shortened(key, 40)} = {shown(value)} has the wrong type")
    if not _is_import_path(table["factory"]):
        raise InputFileError(f"{path}: factory {shown(table['factory'])}; expected 'module:attribute'")
    given: dict[str, Any] = {"name": path.stem} | table
    try:
        return CalculatorSpec(**given)
    except InputFileError as error:
        raise InputFileError(f"{path}: {error}") from error


def _is_import_path(text: str) -> bool:
    module, _, name = text.partition(":")
    return name.isidentifier() and all(part.isidentifier() for part in module.split("."))
