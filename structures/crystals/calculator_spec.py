"""Description of an ASE calculator: how it is made, and what its energies mean.

It is small, and sent to workers as it is. The ASE object is made from it where it is used, and nothing of torch is
imported before.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import io
import json
import math
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from licoat.structures.errors import CalculatorError, InputFileError, shown

__all__ = ["CalculatorSpec", "one_line", "silence"]

_CORRECTIONS = ("mp2020", "included", "none")
_DEVICES = ("cpu", "cuda")
_MODELS = (".pt", ".pth", ".pkl", ".ckpt", ".jit", ".model", ".npz", ".h5", ".hdf5", ".json", ".yaml", ".yml", ".xml",
           ".zip", ".tar", ".gz", ".upf", ".psf", ".eam", ".alloy", ".fs", ".meam", ".tersoff", ".sw")  # fmt: skip


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

        Also the hash of the factory's module where no package tells its version, and of files in the arguments whose
        endings are those of models: a calculator that was changed is another one. Other files, which the calculator
        might write itself, are not looked at; ``weights`` may name one.

        Raises
        ------
        CalculatorError
            If the package is not installed, or its weights are not found.
        """
        found = self._version()
        weights = self._weights_path()
        files = self._files_sha256()
        return {
            "name": self.name,
            "factory": self.factory,
            "arguments": dict(self.arguments),
            "package": self.package,
            "version": found,
            "weights_sha256": _sha256(weights) if weights else "",
        } | ({"files_sha256": files} if files else {})

    def _files_sha256(self) -> dict[str, str]:
        """Return the hashes of what the energies depend on besides package and weights, by what names it."""
        models = [text for text in _texts(self.arguments) if text.lower().endswith(_MODELS)]
        found = {text: _sha256(Path(text)) for text in models if _is_file(text)}
        module = "" if self.package else self.factory.partition(":")[0]
        if module and (sha256 := _module_sha256(module)):
            found[module] = sha256
        return dict(sorted(found.items()))

    def make(self) -> Any:  # noqa: ANN401 - any ASE calculator
        """Return the ASE calculator; the same object for the same description within a process.

        One that runs a program on files (VASP, Quantum ESPRESSO, ...) gets a folder of this process below its own,
        so that workers do not write over each other's files.

        Raises
        ------
        CalculatorError
            If the package is missing or the calculator cannot be made.
        """
        key = json.dumps([self.settings(), self.device, os.getpid()])  # a model that was changed is loaded anew
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
        if not callable(factory):
            raise CalculatorError(
                f"calculator {self.name!r}: {self.factory} is an object of {type(factory).__name__}; "
                "expected the class, or a function that returns a calculator"
            )
        try:
            with silence():
                _one_thread()
                made = factory(**arguments)
                _one_thread()
        except (Exception, SystemExit) as error:
            raise CalculatorError(f"calculator {self.name!r} cannot be made: {one_line(error)}") from error
        if not hasattr(made, "get_potential_energy"):
            raise CalculatorError(f"calculator {self.name!r}: {self.factory} made no ASE calculator, but {made!r:.80}")
        if hasattr(made, "directory") and (hasattr(made, "command") or hasattr(made, "profile")):
            made.directory = Path(made.directory) / f"{platform.node() or 'worker'}-{os.getpid()}"
        return made

    def _attribute(self, path: str) -> Callable[..., Any]:
        module, _, name = path.partition(":")
        if module.partition(".")[0] in sys.stdlib_module_names:  # `builtins:exit`, `os:abort`
            raise CalculatorError(
                f"calculator {shown(self.name)}: {shown(path)} is of Python itself, which has no calculators; "
                "expected module:attribute of a package or of a file of yours"
            )
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
        except (Exception, SystemExit) as error:  # a module does what it likes when it is imported
            raise CalculatorError(f"calculator {self.name!r}: cannot import {module!r}: {one_line(error)}") from error
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
                raise CalculatorError(f"calculator {self.name!r}: no weights: {one_line(error)}") from error
        path = Path(text).expanduser()
        if not path.is_file():
            raise CalculatorError(f"calculator {self.name!r}: no file of weights {path}")
        return path


_MADE: dict[str, Any] = {}


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


def one_line(error: BaseException) -> str:
    """Return what an error says in at most 200 characters of one line."""
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _one_thread() -> None:
    """Keep torch, if it is used, to one thread: workers side by side are faster than threads that wait."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """Yield the texts in arguments, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for the name of a file
        return False


@lru_cache(maxsize=32)
def _module_sha256(module: str) -> str:
    """Return the hash of a module as it was when this process first looked, since that is what it runs; or ``""``."""
    # Looking for a module imports its package, which does what it likes; `make` says what is wrong with it.
    with contextlib.suppress(Exception), silence():
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None and _is_file(spec.origin):
            return _sha256(Path(spec.origin))
    return ""


def _sha256(path: Path) -> str:
    status = path.stat()
    return _hash(path.resolve(), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _hash(path: Path, _time: int, _size: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
