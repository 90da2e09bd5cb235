"""ASE calculators by name: the potentials that licoat knows, and any other through a TOML file or an entry point.

A calculator here is a description (`CalculatorSpec`): small, and sent to workers as it is. The ASE object is made
from it where it is used, and nothing of torch is imported before.
"""

import contextlib
import hashlib
import importlib
import io
import json
import math
import os
import platform
import sys
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

from licoat.structures.errors import CalculatorError, InputFileError

__all__ = ["CALCULATORS", "CalculatorSpec", "calculator_spec", "silence"]

ENTRY_POINTS = "licoat.calculators"
MP_PBE_O2_EV_PER_ATOM = -4.948
"""Materials Project O2 (PBE), which the MP2020 oxide correction belongs to; a potential's own O2 is not trusted."""

_CORRECTIONS = ("mp2020", "included", "none")
_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True)
class CalculatorSpec:
    """How to make a calculator, and what its energies mean.

    Attributes
    ----------
    name : str
        As the user names it.
    factory : str
        ``module:attribute`` that makes the ASE calculator.
    arguments : mapping
        Keyword arguments of the factory: text, finite numbers, lists and tables of them.
    label : str
        Functional or potential in the name of the energy scheme, e.g. ``sevennet-l3i5``; without a slash.
    corrections : {"mp2020", "included", "none"}
        ``mp2020``: energies are uncorrected PBE/PBE+U like those of the Materials Project, so its 2020 corrections
        apply; ``included``: they are in the energies already; ``none``: another functional, no corrections known.
    package : str
        Distribution whose version belongs to the result.
    extra : str
        What pip installs if the package is missing.
    weights : str
        ``module:function`` that returns the path of the weights, or a path; hashed into the settings.
    device_argument : str
        Argument of the factory that takes the device; empty if there is none.
    device : {"cpu", "cuda"}
        Where it runs.
    o2_energy_ev_per_atom : float
        Energy of O2 in place of the calculator's own, NaN for its own.
    """

    name: str
    factory: str
    label: str
    corrections: str = "none"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""
    extra: str = ""
    weights: str = ""
    device_argument: str = ""
    device: str = "cpu"
    o2_energy_ev_per_atom: float = math.nan

    def __post_init__(self) -> None:
        if not self.label.strip() or "/" in self.label:
            raise InputFileError(f"calculator {self.name!r}: label {self.label!r}; expected a name without a slash")
        try:
            json.dumps(dict(self.arguments), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InputFileError(
                f"calculator {self.name!r}: arguments that JSON cannot hold ({error}); "
                "expected text, finite numbers, lists and tables, or a factory of your own that takes none"
            ) from error
        if self.corrections not in _CORRECTIONS:
            raise InputFileError(
                f"calculator {self.name!r}: corrections {self.corrections!r}; expected {', '.join(_CORRECTIONS)}"
            )
        if self.device not in _DEVICES:
            raise InputFileError(f"device {self.device!r}: expected {' or '.join(_DEVICES)}")
        if self.device != "cpu" and not self.device_argument:
            raise InputFileError(f"calculator {self.name!r} has no choice of device; leave {self.device!r} out")

    def scheme(self, corrections: str = "mp2020") -> str:
        """Return the name of the energy scheme, e.g. ``sevennet-l3i5/mp2020``."""
        own = {"mp2020": corrections, "included": "mp2020", "none": "none"}[self.corrections]
        return f"{self.label}/{own}"

    def settings(self) -> dict[str, Any]:
        """Return everything that an energy depends on, ready for JSON: factory, arguments, version, weights' hash.

        Raises
        ------
        CalculatorError
            If the package is not installed, or its weights are not found.
        """
        found = self._version()
        weights = self._weights_path()
        return {
            "name": self.name,
            "factory": self.factory,
            "arguments": dict(self.arguments),
            "package": self.package,
            "version": found,
            "weights_sha256": _sha256(weights) if weights else "",
        }

    def make(self) -> Any:  # noqa: ANN401 - any ASE calculator
        """Return the ASE calculator; the same object for the same description within a process.

        One that runs a program on files (VASP, Quantum ESPRESSO, ...) gets a folder of this process below its own,
        so that workers do not write over each other's files.

        Raises
        ------
        CalculatorError
            If the package is missing or the calculator cannot be made.
        """
        key = (self.factory, repr(sorted(self.arguments.items())), self.device, os.getpid())
        if key not in _MADE:
            _MADE[key] = self._make()
        return _MADE[key]

    def _make(self) -> Any:  # noqa: ANN401 - any ASE calculator
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        factory = self._attribute(self.factory)
        arguments = dict(self.arguments) | ({self.device_argument: self.device} if self.device_argument else {})
        if self.device == "cuda" and "torch" in sys.modules and not sys.modules["torch"].cuda.is_available():
            raise CalculatorError(
                f"calculator {self.name!r}: torch finds no GPU for the device cuda; leave it out to run on the CPU"
            )
        try:
            with silence():
                _one_thread()
                made = factory(**arguments)
                _one_thread()
        except Exception as error:
            raise CalculatorError(f"calculator {self.name!r} cannot be made: {_reason(error)}") from error
        if not hasattr(made, "get_potential_energy"):
            raise CalculatorError(f"calculator {self.name!r}: {self.factory} made no ASE calculator, but {made!r:.80}")
        if hasattr(made, "directory") and (hasattr(made, "command") or hasattr(made, "profile")):
            made.directory = Path(made.directory) / f"{platform.node() or 'worker'}-{os.getpid()}"
        return made

    def _attribute(self, path: str) -> Callable[..., Any]:
        module, _, name = path.partition(":")
        try:
            with silence():
                found: Callable[..., Any] = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if self.extra:
                raise self._missing() from error
            raise CalculatorError(
                f"calculator {self.name!r}: cannot import {module!r} ({error}); is its folder on PYTHONPATH?"
            ) from error
        except AttributeError as error:
            raise CalculatorError(f"calculator {self.name!r}: {module} has no {name!r}") from error
        except Exception as error:  # a module does what it likes when it is imported
            raise CalculatorError(f"calculator {self.name!r}: cannot import {module!r}: {_reason(error)}") from error
        return found

    def _missing(self) -> CalculatorError:
        how = f": pip install {self.extra}" if self.extra else ""
        return CalculatorError(
            f"calculator {self.name!r} needs the package {self.package or self.factory.partition(':')[0]}{how}"
        )

    def _version(self) -> str:
        if not self.package:
            return ""
        try:
            return version(self.package)
        except PackageNotFoundError as error:
            raise self._missing() from error

    def _weights_path(self) -> Path | None:
        if not self.weights:
            return None
        text = self.weights
        if ":" in text:
            find = self._attribute(text)
            try:
                with silence():
                    text = find()
            except Exception as error:
                if self.extra and isinstance(error, ModuleNotFoundError):
                    raise self._missing() from error
                raise CalculatorError(f"calculator {self.name!r}: no weights: {_reason(error)}") from error
        path = Path(text).expanduser()
        if not path.is_file():
            raise CalculatorError(f"calculator {self.name!r}: no file of weights {path}")
        return path


_MADE: dict[tuple[str, str, str, int], Any] = {}


class _Nowhere(io.TextIOBase):
    """Takes what is written and keeps nothing; never closed, since a calculator may hold it (GPAW's output)."""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        return len(text)


_NOWHERE = _Nowhere()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep what libraries print and warn about their own insides out of our output."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(_NOWHERE):
        warnings.simplefilter("ignore")
        yield


def _reason(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _one_thread() -> None:
    """Keep torch, if it is used, to one thread: workers side by side are faster than threads that wait."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@lru_cache(maxsize=8)
def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sevennet_weights() -> str:
    """Return the file of the 7net-l3i5 weights, which the wheel of sevenn holds."""
    from sevenn.util import pretrained_name_to_path

    return str(pretrained_name_to_path("7net-l3i5"))


def chgnet_weights() -> str:
    """Return the file of the CHGNet 0.3.0 weights, which the wheel of chgnet holds."""
    import chgnet

    (path,) = (Path(chgnet.__file__).parent / "pretrained" / "0.3.0").glob("*.tar")
    return str(path)


def mace_weights() -> str:
    """Return the file of the MACE-MP-0 medium weights, which mace downloads at first use."""
    models = importlib.import_module("mace.calculators.foundations_models")
    return str(models.download_mace_mp_checkpoint("medium"))


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
            weights="licoat.structures.calculators:sevennet_weights",
            device_argument="device",
            o2_energy_ev_per_atom=MP_PBE_O2_EV_PER_ATOM,
        ),
        CalculatorSpec(
            "chgnet",
            "chgnet.model.dynamics:CHGNetCalculator",
            "chgnet-0.3.0",
            corrections="included",
            package="chgnet",
            extra="chgnet",
            weights="licoat.structures.calculators:chgnet_weights",
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
            weights="licoat.structures.calculators:mace_weights",
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
        known = ", ".join([*CALCULATORS, *sorted(point.name for point in found)])
        raise CalculatorError(
            f"no calculator {name!r}; choose one of {known}, a file F.toml with [calculator], or 'module:attribute'"
        )
    try:
        loaded = matching[0].load()
        spec = loaded if isinstance(loaded, CalculatorSpec) else loaded()
    except Exception as error:
        raise CalculatorError(f"entry point {name!r} of {ENTRY_POINTS} cannot be loaded: {_reason(error)}") from error
    if not isinstance(spec, CalculatorSpec):
        raise CalculatorError(f"entry point {name!r} of {ENTRY_POINTS}: gave {type(spec).__name__}, no CalculatorSpec")
    return spec


def _from_toml(path: Path) -> CalculatorSpec:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputFileError(f"{path}: not TOML ({error})") from error
    table = document.get("calculator")
    if not isinstance(table, dict) or set(document) != {"calculator"}:
        raise InputFileError(f"{path}: expected one table [calculator] and nothing else")
    allowed = [f.name for f in fields(CalculatorSpec) if f.name != "device"]
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        raise InputFileError(f"{path}: unknown key {unknown[0]!r} in [calculator]; expected {', '.join(allowed)}")
    if not {"factory", "label"} <= table.keys():
        raise InputFileError(f"{path}: [calculator] needs factory = 'module:attribute' and label = 'name-of-energies'")
    kinds: dict[str, type | tuple[type, ...]] = {"arguments": dict, "o2_energy_ev_per_atom": (int, float)}
    for key, value in table.items():
        if not isinstance(value, kinds.get(key, str)) or isinstance(value, bool):
            raise InputFileError(f"{path}: {key} = {value!r} has the wrong type")
    if not _is_import_path(table["factory"]):
        raise InputFileError(f"{path}: factory {table['factory']!r}; expected 'module:attribute'")
    given: dict[str, Any] = {"name": path.stem} | table
    try:
        return CalculatorSpec(**given)
    except InputFileError as error:
        raise InputFileError(f"{path}: {error}") from error


def _is_import_path(text: str) -> bool:
    module, _, name = text.partition(":")
    return name.isidentifier() and all(part.isidentifier() for part in module.split("."))
