"""Kill screens, fetches and builds at random moments, start them again, and let several writers write one folder.

Usage: ``python benchmarks/kills.py [--kills 60] [--seed 1] [screen fetch build writers]``. Needs a POSIX system. After
every kill what stands under a final name must be whole, and the same command again must end in the bytes of a run that
nothing happened to (times and durations left out). A fetch asks the loopback service of the tests. Processes are forked
from one that has imported everything, so that kills fall on the work and not on imports: half of them at any moment,
half just after the first file appears.
"""

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

from licoat.structures import load_phases
from licoat.workflows import screen
from licoat.workflows.cli import main as licoat

TESTS = Path(__file__).parents[1] / "tests" / "structures" / "mp"
KEY = "0123456789abcdef0123456789abcdef"
CELLS = {"Cu": 3.65, "Ag": 4.1, "Au": 4.1, "Ni": 3.5, "Pd": 3.9, "Pt": 3.95, "Al": 4.05}
FCC = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
OXIDES = ("Sb2O3", "SnO2", "Bi2O3", "ZnO", "In2O3", "PbO", "GeO2", "CdO")
WRITERS = 8


def commands(folder: Path) -> dict[str, Callable[[Path], list[str]]]:
    """Return the commands by kind, as functions of the folder that they write."""
    seeds = folder / "seeds.json"
    structures = [
        {"lattice": [[a, 0, 0], [0, a, 0], [0, 0, a]], "species": [symbol] * 4, "frac_coords": FCC}
        for symbol, a in CELLS.items()
    ]
    seeds.write_text(json.dumps([{"id": part["species"][0], "structure": part} for part in structures]))
    build = ["data", "build", "--seeds", str(seeds), "--calculator", "emt", "--resume", "--quiet", "--out"]
    return {
        "screen": lambda out: ["screen", *OXIDES[:4], "--quiet", "--out", str(out)],
        "fetch": lambda out: ["data", "fetch", "Sb2O3", "--quiet", "--out", str(out)],
        "build": lambda out: [*build, str(out)],
    }


def started(arguments: list[str]) -> int:
    """Fork a process that runs a command; return its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    with contextlib.suppress(BaseException):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        status = licoat(arguments)
    os._exit(status)


def ended(child: int) -> int:
    """Wait for a process; return its exit status, negative the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def contents(folder: Path) -> dict[str, str]:
    """Return a digest of every file under its final name; what tells the time of day is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not re.search(r"(^|/)\.", name) and ".part-" not in name:
            found[name] = hashlib.sha256(_timeless(path)).hexdigest()
    return found


def _timeless(path: Path) -> bytes:
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return b"".join(book.read(name) for name in sorted(book.namelist()) if name != "docProps/core.xml")
    raw = path.read_bytes()
    if path.suffix in {".json", ".html", ".tex", ".md"}:
        raw = re.sub(rb'"seconds": ?[0-9.e-]+', b"", raw)
        raw = re.sub(rb"20\d\d-\d\d-\d\d(?:T[0-9:.+]+Z?)?", b"", raw)
    return raw


def leftovers(folder: Path) -> list[str]:
    """Return what is under no final name: temporary files and locks."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and (p.name.startswith(".") or ".part-" in p.name)]


def killed(arguments: list[str], out: Path, longest_s: float, rng: random.Random) -> bool:
    """Start a command and kill it at a random moment; say whether it was still at work."""
    child = started(arguments)
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0.0, longest_s))
    else:
        deadline = time.monotonic() + longest_s
        while time.monotonic() < deadline and not (out.exists() and any(p.is_file() for p in out.rglob("*"))):
            time.sleep(0.001)
        time.sleep(rng.uniform(0.0, 0.1 * longest_s))
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    return ended(child) == -signal.SIGKILL


def check(make: Callable[[Path], list[str]], folder: Path, kills: int, rng: random.Random) -> Counter[str]:
    """Kill a command so many times, each in a folder of its own, and count what came of it."""
    before = time.monotonic()
    whole = folder / "whole"
    if ended(started(make(whole))):
        return Counter({"the undisturbed run failed": 1})
    longest_s = time.monotonic() - before
    wanted = contents(whole)
    found: Counter[str] = Counter()
    while found["killed"] < kills and found["tries"] < 4 * kills:
        found["tries"] += 1
        out = folder / f"try{found['tries']}"
        if not killed(make(out), out, longest_s, rng):
            continue
        found["killed"] += 1
        there = contents(out)
        found["with files"] += bool(there)
        # What is kept to go on with is not part of a finished folder; the rest has its final bytes or is not there.
        damaged = [name for name in there if name in wanted and there[name] != wanted[name]]
        found["DAMAGED"] += bool(damaged)
        found["FAILED"] += ended(started(make(out))) != 0
        found["OTHER BYTES"] += contents(out) != wanted
        found["LEFTOVERS"] += bool(leftovers(out))
    return found


@contextlib.contextmanager
def service() -> Iterator[str]:
    """Run the loopback Materials Project of the tests in a process of its own; yield its address."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    running = context.Process(target=_serve, args=(theirs,), daemon=True)
    running.start()
    yield ours.recv()
    running.kill()


def _serve(pipe: Connection) -> None:
    server, documents = _helper("mp_server"), _helper("mp_documents")
    held = {
        server.SUMMARY: [documents.summary_document(m, documents.alpha_id) for m in documents.MATERIALS],
        server.THERMO: [d for m in documents.MATERIALS for d in documents.thermo_documents(m, documents.alpha_id)],
    }
    with server.MPServer(held, KEY, id_number=documents.id_number, db_version=documents.DATABASE) as running:
        pipe.send(running.url)
        time.sleep(1e6)


def _helper(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"licoat_kills_{name}", TESTS / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{TESTS / name}.py is not there: run from a clone of the repository")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def writers(folder: Path, rounds: int) -> Counter[str]:
    """Let eight processes, then eight threads, write different screens into one folder; count mixtures."""
    import pandas as pd

    found: Counter[str] = Counter()

    def save(i: int, out: Path) -> None:
        screen(load_phases("builtin"), OXIDES[: i + 1]).save(out)

    for number in range(rounds):
        for kind in ("processes", "threads"):  # processes first: a process that has run threads is not forked well
            out = folder / f"{kind}{number}"
            if kind == "processes":
                children = []
                for i in range(WRITERS):
                    if not (child := os.fork()):
                        save(i, out)
                        os._exit(0)
                    children.append(child)
                found["FAILED"] += sum(ended(child) != 0 for child in children)
            elif number == rounds - 1:
                with ThreadPoolExecutor(WRITERS) as pool:
                    list(pool.map(lambda i, out=out: save(i, out), range(WRITERS)))
            else:
                continue
            table = pd.read_csv(out / "table.csv")
            said = json.loads((out / "manifest.json").read_text())["n_oxides"]
            same = len(table) == said == len(pd.read_parquet(out / "table.parquet"))
            same &= set(pd.read_csv(out / "ledger.csv")["formula"]) == set(table["formula"])
            same &= len(pd.read_excel(out / "table.xlsx")) == said
            found[kind] += WRITERS
            found["MIXED"] += not same
            found["LEFTOVERS"] += bool(leftovers(out))
    return found


def main() -> int:
    """Run; the exit status is 1 if anything was damaged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=["screen", "fetch", "build", "writers"])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in ("pandas", "openpyxl", "pymatgen.core.structure", "ase.calculators.emt", "spglib"):
        importlib.import_module(name)
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"LICOAT_DATA": f"{place}/data", "HOME": place, "MP_API_KEY": KEY, "NO_PROXY": "127.0.0.1"}
        make = commands(Path(place))
        for kind in options.kinds:
            folder = Path(place) / kind
            folder.mkdir()
            rng = random.Random(f"{kind}-{options.seed}")  # noqa: S311 - no secret
            if kind == "writers":
                found = writers(folder, 5)
            elif kind == "fetch":
                with service() as address:
                    os.environ["MP_API_ENDPOINT"] = address
                    importlib.import_module("mp_api.client")
                    found = check(make[kind], folder, options.kills, rng)
            else:
                found = check(make[kind], folder, options.kills, rng)
            sys.stdout.write(f"{kind:<8}{', '.join(f'{n} {what}' for what, n in found.items() if n)}\n")
            sys.stdout.flush()
            bad += sum(n for what, n in found.items() if what.isupper() or "failed" in what)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
