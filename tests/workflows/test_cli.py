"""The command line as a stranger meets it."""

import csv
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zlib

import matplotlib as mpl
import numpy as np
import pytest

from licoat.structures import load_phases
from licoat.structures.phases.builtin import PARQUET

mpl.use("Agg")

REACTION = {
    *("energy_ev_per_fu", "energy_ev_per_atom", "energy_ev_per_anode_atom", "energy_kj_per_mol"),
    *("energy_sigma_ev_per_fu", "average_voltage_v", "anode_atoms_per_fu", "equation", "coefficients"),
    *("heat_mj_per_kg_oxide", "heat_mj_per_kg_reactants", "heat_gj_per_m3_oxide", "tnt_ratio_oxide"),
    *("tnt_ratio_reactants", "volume_ratio_oxide", "volume_ratio_reactants", "scheme", "source"),
}
EQUATION = "Sb2O3 + Li -> Li3Sb + Li2O"
ENTRIES_EV = 1e-6  # pymatgen's own hull works to 1e-8 eV/atom


# --- the contract of --json (DESIGN 9) ---------------------------------------------------------------------------


def test_screen_json(run_json):
    found = run_json("screen", "Sb2O3", "CaO", "MgO")
    assert {"oxides", "funnel", "manifest"} <= set(found)
    assert [o["rank"] for o in found["oxides"]] == [1, 2, 3]
    for oxide in found["oxides"]:
        assert {"formula", "phase_id", "criteria", "rank", "score", *REACTION} <= set(oxide)
        for verdict in oxide["criteria"].values():
            assert {"state", "value", "threshold", "source"} <= set(verdict)
            assert verdict["state"] in {"pass", "fail", "uncertain", "unknown"}
    names = {c["name"] for c in found["manifest"]["criteria"]}
    assert all(set(o["criteria"]) == names for o in found["oxides"])


def test_screen_json_of_everything(run_json):
    found = run_json("screen")
    assert len(found["oxides"]) > 100
    assert found["funnel"][0]["remaining"] == len(found["oxides"]) + len(found["not_screened"])


def test_react_json(run_json):
    found = run_json("react", EQUATION)
    assert set(REACTION) <= set(found)
    assert found["coefficients"] == {"Sb2O3": -1, "Li": -12, "Li3Sb": 2, "Li2O": 3}
    assert found["equation"] == "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O"
    assert found["measured"]["energy_ev_per_fu"] == pytest.approx(-17.07, abs=0.02)  # DESIGN 6: 17.1


def test_path_json(run_json):
    found = run_json("path", "Sb2O3")
    assert {"oxide", "phase_id", "is_inert", "stages", "final", "staged"} <= set(found)
    assert set(REACTION) <= set(found["final"])
    assert set(REACTION) <= set(found["staged"]["conversion"])
    for stage in found["stages"]:
        assert {"anode_atoms_from", "anode_atoms_to", "voltage_v", "products"} <= set(stage)
    voltages = [stage["voltage_v"] for stage in found["stages"]]
    assert voltages == sorted(voltages, reverse=True)
    charge = sum(s["voltage_v"] * (s["anode_atoms_to"] - s["anode_atoms_from"]) for s in found["stages"])
    total = -found["final"]["computed_energy_ev_per_fu"] + found["decomposition_energy_ev_per_fu"]
    assert charge == pytest.approx(total, abs=1e-9)
    conversion, alloying = found["staged"]["conversion"], found["staged"]["alloying"]
    assert (conversion["oxide"], alloying["oxide"]) == ("Sb2O3", "Sb")  # what "per formula unit" refers to
    by_hess = conversion["energy_ev_per_fu"] + 2 * alloying["energy_ev_per_fu"]
    assert by_hess == pytest.approx(found["final"]["energy_ev_per_fu"], abs=1e-9)


def test_path_json_of_an_inert_oxide(run_json):
    found = run_json("path", "CaO")
    assert found["is_inert"] is True
    assert found["stages"] == []
    assert found["final"]["energy_ev_per_fu"] == 0


@pytest.mark.parametrize("source", ["builtin", "measured"])
@pytest.mark.parametrize("oxide", ["SiO2", "TiO2", "SbO2", "P2O5", "Nb2O5", "MgO"])
def test_path_json_where_polymorphs_lack_data(run_json, oxide, source):
    assert run_json("path", oxide, "--source", source)["oxide"] == oxide


def test_compare_json(run_json):
    found = run_json("compare", "Sb2O3")
    assert {"measured", "paper"} <= set(found["sources"])
    assert set(found["rows"]["energy_ev_per_fu"]) == set(found["sources"])


@pytest.mark.parametrize("source", ["builtin", "measured"])
def test_data_info_json(run_json, source):
    found = run_json("data", "info", source)
    assert found["manifest"]["source"] == source
    assert found["phases"] == len(load_phases(source)) == found["manifest"]["n_phases"]


@pytest.mark.parametrize("source", ["builtin", "measured"])
def test_embedded_sources_verify(run_json, source, rebuilt_once, monkeypatch):
    rebuilt_once(monkeypatch)
    found = run_json("data", "verify", source)
    assert (source == "builtin") == ("embedded table is what its inputs give" in [c["name"] for c in found["checks"]])
    assert found["ok"] is True
    assert found["checks"]
    assert all(check["ok"] for check in found["checks"])


@pytest.mark.parametrize(
    "command",
    [
        ["screen", "Sb2O3", "CaO"],
        ["react", EQUATION],
        ["path", "MgO"],
        ["compare", "Sb2O3"],
        ["data", "info"],
        ["data", "verify", "measured"],
    ],
)
def test_quiet_prints_nothing_and_talk_prints_something(run, command):
    assert run(*command, "--quiet") == (0, "", "")
    status, out, err = run(*command)
    assert (status, err) == (0, "")
    assert out.strip()
    assert not re.search(r"\b(nan|None)\b", out)


def test_numbers_for_people_are_the_numbers_for_machines(run, run_json):
    _, out, _ = run("react", EQUATION)
    found = run_json("react", EQUATION)
    for key, digits in {"energy_ev_per_fu": 2, "heat_mj_per_kg_oxide": 2, "energy_kj_per_mol": 1}.items():
        assert f"{found[key]:.{digits}f}" in out, key


def test_top_limits_what_is_printed_not_what_is_computed(run, run_json):
    _, few, _ = run("screen", "Sb2O3", "CaO", "MgO", "--top", "1")
    assert len(re.findall(r"^\d+ +[A-Z].* -> ", few, re.MULTILINE)) == 1
    assert len(run_json("screen", "Sb2O3", "CaO", "MgO", "--top", "1")["oxides"]) == 3


def test_scheme_changes_energies_of_every_command(run_json):
    for command in (["screen", "Sb2O3"], ["react", EQUATION], ["path", "Sb2O3"]):
        schemes = []
        for scheme in ("mp2020", "none"):
            found = run_json(*command, "--scheme", scheme)
            found = found["oxides"][0] if command[0] == "screen" else found.get("final", found)
            schemes.append((found["scheme"], round(found["energy_ev_per_fu"], 3)))
        assert schemes[0] != schemes[1]
        assert schemes[0][1] < schemes[1][1]  # MP2020 lowers oxides: 3 Li2O gain as Sb2O3 loses, Li3Sb gains


def test_own_criteria_file_changes_states(run_json, tmp_path):
    value = run_json("screen", "Sb2O3")["oxides"][0]["volume_ratio_oxide"]
    for threshold, state in ((value - 0.1, "pass"), (value + 0.1, "fail")):
        file = tmp_path / "own.toml"
        file.write_text(
            f'[[criterion]]\nname="grow"\nquantity="volume_ratio_oxide"\ncomparison=">="\nthreshold={threshold}\n'
        )
        (oxide,) = run_json("screen", "Sb2O3", "--criteria", file)["oxides"]
        assert {name: v["state"] for name, v in oxide["criteria"].items()} == {"grow": state}
        assert oxide["score"] == pytest.approx(float(state == "pass"), abs=1e-3)  # sigma of the ratio is a fifth of 0.1


def test_out_writes_the_tables_beside_json(run_json, tmp_path):
    found = run_json("screen", "Sb2O3", "CaO", "--out", tmp_path / "out")
    with (tmp_path / "out" / "table.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["formula"] for row in rows] == [o["formula"] for o in found["oxides"]]
    assert float(rows[0]["energy_ev_per_fu"]) == pytest.approx(found["oxides"][0]["energy_ev_per_fu"], rel=1e-7)


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")])
@pytest.mark.parametrize("oxide", ["Sb2O3", "CaO"])
def test_plot_writes_the_kind_of_its_ending(run, tmp_path, ending, start, oxide):
    file = tmp_path / f"path{ending}"
    assert run("path", oxide, "--quiet", "--plot", file) == (0, "", "")
    assert file.read_bytes().startswith(start)


# --- bad input: one line on standard error, exit status 2 (1 for the outside world) --------------------------------


def one_line(status, out, err, *parts, expected=2):
    assert status == expected, err
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert err.startswith("licoat")
    for part in parts:
        assert part in err


BAD = {
    "no command": ("", "COMMAND"),
    "unknown command": ("scren", "scren"),
    "no action": ("data", "ACTION"),
    "unknown action": ("data check", "check"),
    "unknown option": ("screen --speed 3", "--speed"),
    "bad formula": ("screen Xx2O3", "Xx"),
    "lower case formula": ("path sb2o3", "sb2o3"),
    "empty formula": ("path ''", "formula"),
    "fraction": ("path Li0.5CoO2", "Li0.5CoO2"),
    "charge": ("path Fe3+", "Fe3+"),
    "hydrate": ("path CuSO4.5H2O", "CuSO4.5H2O"),
    "not in the table": ("screen Sb2O3 PuO2", "PuO2"),
    "not in the table, path": ("path PuO2", "PuO2"),
    "not in the table, compare": ("compare PuO2", "PuO2"),
    "the anode itself": ("path Li", "Li"),
    "no equation": ("react Sb2O3", "Sb2O3"),
    "empty equation": ("react ''", "arrow"),
    "two arrows": ("react 'Sb2O3 -> Sb -> O2'", "arrow"),
    "nothing on one side": ("react 'Sb2O3 + Li ->'", "missing"),
    "cannot balance": ("react 'Sb2O3 + Li -> Li3Sb'", "O"),
    "wrong coefficients": ("react 'Sb2O3 + 11 Li -> 2 Li3Sb + 3 Li2O'", "12 Li"),
    "wrong direction": ("react 'Li2O + O2 -> Li'", "O2 on the other side"),
    "substance twice": ("react 'Li + Li -> Li2O'", "Li"),
    "unknown substance": ("react 'PuO2 + Li -> Pu + Li2O'", "PuO2"),
    "unknown scheme": ("screen Sb2O3 --scheme pbe", "pbe"),
    "scheme of another source": ("screen Sb2O3 --source measured --scheme none", "measured"),
    "unknown phase, screen": ("screen Sb2O3 --phase mp-0", "mp-0"),
    "unknown phase, path": ("path Sb2O3 --phase mp-0", "mp-0"),
    "unknown phase, react": (f"react '{EQUATION}' --phase mp-0", "mp-0"),
    "phase of another oxide, screen": ("screen Sb2O3 --phase mp-2605", "mp-2605", "CaO"),
    "phase of another oxide, path": ("path Sb2O3 --phase mp-2605", "mp-2605", "CaO"),
    "phase of another oxide, react": (f"react '{EQUATION}' --phase mp-2605", "CaO"),
    "unknown anode": ("screen Sb2O3 --anode Xx", "Xx", "Na"),
    "anode in lower case": ("screen Sb2O3 --anode li", "li"),
    "anode that the table was not made for": ("path Sb2O3 --anode Na", "Na"),
    "top 0": ("screen Sb2O3 --top 0", "--top", "0"),
    "top -3": ("screen Sb2O3 --top -3", "--top"),
    "top in words": ("screen Sb2O3 --top many", "--top", "many"),
    "top as a superscript": ("screen Sb2O3 --top ²", "--top", "whole number"),
    "figure of another kind": ("path Sb2O3 --plot f.gif", "f.gif", ".svg"),
    "figure without ending": ("path Sb2O3 --plot figure", ".svg"),
    "figure without a name": ("path Sb2O3 --plot ''", "plot"),
    "out without a name": ("screen Sb2O3 --out ''", "out"),
    "missing source": ("screen --source none.csv", "none.csv", "builtin"),
    "misspelt source": ("screen --source bultin", "bultin", "builtin"),
    "missing source, data info": ("data info none.csv", "none.csv"),
    "missing source, data verify": ("data verify none.csv", "none.csv"),
    "missing criteria": ("screen Sb2O3 --criteria none.toml", "none.toml"),
    "missing relaxed phases": ("data build --relaxed none.json --out t.parquet", "none.json"),
    "build into another kind of file": ("data build --out t.txt", "t.txt", ".parquet"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_answered_in_one_line(run, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    line, *parts = BAD[case]
    one_line(*run(*shlex.split(line)), *parts)


BAD_FILES = {
    "empty.csv": (b"", "the file is empty"),
    "header.csv": (b"name,energy\nSb2O3,1\n", "formation_energy_ev_per_atom"),
    "only_header.csv": (b"formula,energy_ev_per_atom\n", "no phases"),
    "words.csv": (b"formula,energy_ev_per_atom\nSb2O3,low\n", "line 2"),
    "nan.csv": (b"formula,energy_ev_per_atom\nSb2O3,nan\n", "line 2"),
    "formula.csv": (b"formula,energy_ev_per_atom\nSb2O3,-1\nQq,1\n", "line 3"),
    "gap.csv": (b"formula,energy_ev_per_atom\nSb2O3,-1\nLi,\n", "line 3"),
    "cells.csv": (b"formula,energy_ev_per_atom\nSb2O3\n", "line 2"),
    "volume.csv": (b"formula,formation_energy_ev_per_atom,volume_a3_per_atom\nLi2O,-2,-8\n", "volume_a3_per_atom"),
    "elements.csv": (b"formula,energy_ev_per_atom\nSb2O3,-5\nLi2O,-4\n", "Li"),
    "twice.csv": (b"phase_id,formula,formation_energy_ev_per_atom\na,Li2O,-2\na,MgO,-3\n", "'a'"),
    "schemes.csv": (b"formula,formation_energy_ev_per_atom,scheme\nLi2O,-2,x\nMgO,-3,y\n", "'x'"),
    "latin.csv": ("formula,energy_ev_per_atom\nSb2O3,-1 \u00b5\n".encode("latin-1"), "latin.csv"),
    "list.json": (b"[1, 2]", "ComputedEntry"),
    "dict.json": (b'{"entries": []}', "ComputedEntry"),
    "no.json": (b"[]", "no phases"),
    "half.json": (b'[{"energy": 1, "composition": {"Li"', "half.json"),
    "other.json": (b'[{"energy": "low", "composition": {"Li": 1}}]', "entry 1"),
    "deep.json": (b"[" * 100_000, "deep.json"),
    "plain.json.gz": (b"[]", "plain.json.gz"),
    "half.json.gz": (gzip.compress(b'[{"a": 1}]' * 50)[:30], "half.json.gz"),
    "broken.json.gz": (gzip.compress(b"")[:10] + b"\xff" * 40, "broken.json.gz"),
    "alone.parquet": (b"PAR1", "not a readable Parquet file"),
    "table.xlsx": (b"PK", "table.xlsx"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_source_file_is_named_in_one_line(run, tmp_path, name):
    content, part = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    one_line(*run("screen", "--source", tmp_path / name), name.split(".")[0], part)


def test_broken_gzip_in_the_list_above_is_what_zlib_refuses():
    with pytest.raises(zlib.error, match="invalid"):
        gzip.decompress(BAD_FILES["broken.json.gz"][0])


@pytest.fixture
def snapshot(tmp_path, builtin):
    file = tmp_path / "snapshot.parquet"
    builtin.save(file)
    return file


def test_snapshot_screens_like_its_source(run_json, snapshot):
    mine = run_json("screen", "Sb2O3", "--source", snapshot)["oxides"][0]
    original = run_json("screen", "Sb2O3", "--scheme", "mp2020")["oxides"][0]
    assert mine["energy_ev_per_fu"] == pytest.approx(original["energy_ev_per_fu"], abs=1e-12)
    assert mine["volume_ratio_oxide"] == pytest.approx(original["volume_ratio_oxide"], rel=1e-12)
    in_folder = run_json("screen", "Sb2O3", "--source", snapshot.parent)["oxides"][0]
    assert in_folder["energy_ev_per_fu"] == mine["energy_ev_per_fu"]


@pytest.mark.parametrize("command", [["screen"], ["path", "Sb2O3"], ["data", "verify"], ["data", "info"]])
def test_altered_snapshot_is_refused(run, snapshot, command):
    content = bytearray(snapshot.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.write_bytes(content)
    place = [snapshot] if command[0] == "data" else ["--source", snapshot]
    one_line(*run(*command, *place), "snapshot.parquet", "altered")


def test_truncated_snapshot_and_damaged_manifest_are_refused(run, snapshot):
    manifest = snapshot.with_suffix(".manifest.json")
    text = manifest.read_text()
    manifest.write_text(text[:-20])
    one_line(*run("data", "verify", snapshot), "snapshot.manifest.json")
    manifest.write_text("[]")
    one_line(*run("data", "verify", snapshot), "manifest")
    manifest.write_text(text)
    snapshot.write_bytes(snapshot.read_bytes()[:1000])
    one_line(*run("data", "verify", snapshot), "snapshot.parquet")


def test_verify_finds_impossible_phases(run, builtin, tmp_path):
    data = {n: list(v) for n, v in builtin.subset(builtin.rows_in_system(["Li", "O", "Sb"])).to_frame().items()}
    data["shear_modulus_gpa"][0] = -3.0
    from licoat.structures import PhaseTable

    file = tmp_path / "soft.parquet"
    PhaseTable(data, builtin.manifest.replace(source="mine")).save(file)
    status, out, err = run("data", "verify", file, "--json")
    assert status == 2
    assert json.loads(out)["ok"] is False
    assert err.count("\n") == 1
    assert "shear_modulus_gpa" in err


def test_places_that_cannot_be_written_are_failures_of_the_outside_world(run, tmp_path, rebuilt_once, monkeypatch):
    rebuilt_once(monkeypatch)
    (tmp_path / "file").write_text("")
    one_line(*run("screen", "Sb2O3", "--out", tmp_path / "file" / "x"), "file", expected=1)
    one_line(*run("path", "Sb2O3", "--plot", tmp_path / "file" / "f.svg"), "file", expected=1)
    one_line(*run("data", "build", "--out", tmp_path / "file" / "t.parquet"), "file", expected=1)


def test_debug_shows_the_error_itself(run):
    from licoat.structures.errors import FormulaError

    with pytest.raises(FormulaError, match="Xx"):
        run("path", "Xx", "--debug")


def test_column_that_is_not_used_is_noted_once_and_not_with_quiet(process, tmp_path):
    (tmp_path / "t.csv").write_text(
        "formula,formation_energy_ev_per_atom,colour\nMgO,-1,white\nLi2O,-2,white\nLiMg,-0.1,grey\n"
    )
    done = process("path", "MgO", "--source", "t.csv", "--json")
    assert done.returncode == 0
    json.loads(done.stdout)
    assert done.stderr.decode().count("colour") == 1
    assert done.stderr.count(b"\n") == 1
    assert process("path", "MgO", "--source", "t.csv", "--quiet").stderr == b""  # help: nothing but errors


# --- processes ------------------------------------------------------------------------------------------------------


def test_exit_codes_of_a_process(process):
    done = process("screen", "Sb2O3", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    json.loads(done.stdout)
    bad = process("screen", "Xx")
    assert (bad.returncode, bad.stdout) == (2, b"")
    assert bad.stderr.count(b"\n") == 1
    assert process("--help").returncode == 0
    assert process("--version").stdout.startswith(b"licoat ")


def test_installed_command_starts():
    command = os.path.join(os.path.dirname(sys.executable), "licoat")  # noqa: PTH118, PTH120 - the venv's link, unresolved
    if not os.path.exists(command):  # noqa: PTH110
        pytest.skip("licoat is not installed beside this python")
    done = subprocess.run([command, "path", "CaO", "--json"], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout)["is_inert"] is True


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("option", ["--json", "--top=200"])
def test_a_reader_that_goes_away_is_no_error(tmp_path, option):
    code = "from licoat.workflows.cli import main; raise SystemExit(main())"
    line = f"{shlex.quote(sys.executable)} -c '{code}' screen {option} | head -c 1; echo ${{PIPESTATUS[0]}} >&2"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, cwd=tmp_path, timeout=60)
    assert done.stderr.decode() == "0\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_full_disk_is_one_line_and_status_one():
    code = "from licoat.workflows.cli import main; raise SystemExit(main())"
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-c", code, "path", "CaO"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("command", [["path", "MgO"], ["react", EQUATION], ["compare", "Sb2O3"], ["screen", "CaO"]])
def test_terminal_without_unicode_gets_its_answer(process, command):
    done = process(*command, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr.decode()[-200:]
    assert done.stdout


# --- users' own data ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_phases(builtin):
    """Phases of Li-Sb-Bi-O with energies that are nobody's: formula to eV per formula unit, seeded noise."""
    random = np.random.default_rng(20)
    elements = {"Li", "O", "Sb", "Bi"}
    energies = {}
    for row in builtin.rows_in_system(sorted(elements)).tolist():
        formula = builtin.text("formula")[row]
        energies[formula] = float(builtin.energy_ev_per_fu[row])
    return {f: e + float(random.normal(0, 0.3)) if e else 0.0 for f, e in energies.items()}


@pytest.fixture(scope="module")
def own_csv(own_phases, tmp_path_factory):
    from pymatgen.core import Composition

    file = tmp_path_factory.mktemp("own") / "table.csv"
    rows = [f"{f},{e / Composition(f).num_atoms!r}" for f, e in own_phases.items()]
    file.write_text("\n".join(["formula,formation_energy_ev_per_atom", *rows]) + "\n")
    return file


@pytest.fixture(scope="module")
def own_entries(own_phases):
    """ComputedEntry objects with total energies: another reference for each element, one and two formula units."""
    from pymatgen.core import Composition
    from pymatgen.entries.computed_entries import ComputedEntry

    reference = {"Li": -1.9, "O": -4.9, "Sb": -4.1, "Bi": -3.9}
    entries = []
    for i, (formula, energy) in enumerate(own_phases.items()):
        composition = Composition(formula)
        total = energy + sum(n * reference[e.symbol] for e, n in composition.items())
        cells = 1 + i % 2
        entries.append(ComputedEntry(composition * cells, total * cells, entry_id=f"own-{i}"))
    return entries


@pytest.fixture(scope="module", params=["entries.json", "entries.json.gz"])
def own_json(request, own_entries, tmp_path_factory):
    from monty.serialization import dumpfn

    file = tmp_path_factory.mktemp("own") / request.param
    dumpfn(own_entries, file)
    return file


OWN_OXIDES = ["Sb2O3", "Sb2O5", "Sb6O13", "SbO2", "Bi2O3", "BiO2"]


def pymatgen_end_state(entries, oxide, lithium=100):
    """Equilibrium of an oxide with more lithium than it can take: energy per formula unit and products."""
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Composition

    diagram = PhaseDiagram(entries)
    start = Composition(oxide)
    total = start + Composition({"Li": lithium})
    own = min((e for e in entries if e.composition.reduced_formula == oxide), key=lambda e: e.energy_per_atom)
    metal = min((e for e in entries if e.composition.reduced_formula == "Li"), key=lambda e: e.energy_per_atom)
    before = own.energy_per_atom * start.num_atoms + lithium * metal.energy_per_atom
    products = {e.composition.reduced_formula for e, x in diagram.get_decomposition(total).items() if x > 1e-9}
    return diagram.get_hull_energy(total) - before, products


def check_against_pymatgen(found, entries):
    assert len(found["oxides"]) == len(OWN_OXIDES)
    for oxide in found["oxides"]:
        energy, products = pymatgen_end_state(entries, oxide["formula"])
        assert oxide["energy_ev_per_fu"] == pytest.approx(energy, abs=ENTRIES_EV), oxide["formula"]
        ours = {f for f, n in oxide["coefficients"].items() if n > 0} or {oxide["formula"]}
        assert ours == products - {"Li"}, oxide["formula"]


def test_pymatgen_entries_screen_like_pymatgen(run_json, own_json, own_entries):
    check_against_pymatgen(run_json("screen", *OWN_OXIDES, "--source", own_json), own_entries)


def test_csv_screens_like_pymatgen(run_json, own_csv, own_entries):
    check_against_pymatgen(run_json("screen", *OWN_OXIDES, "--source", own_csv), own_entries)


def test_plateaus_of_entries_are_the_kinks_of_interfacial_reactivity(run_json, own_json, own_entries):
    from pymatgen.analysis.interface_reactions import InterfacialReactivity
    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.core import Composition

    found = run_json("path", "Sb2O3", "--source", own_json)
    interface = InterfacialReactivity(
        Composition("Sb2O3"), Composition("Li"), PhaseDiagram(own_entries), norm=False, use_hull_energy=False
    )
    kinks = []
    for _, ratio, energy, _, _ in interface.get_kinks():  # ratio: atomic share of the oxide, energy per atom
        if ratio > 1e-9:
            kinks.append(((1 - ratio) / ratio, energy / ratio))
    ours = [(0.0, found["decomposition_energy_ev_per_fu"])]
    for stage in found["stages"]:
        ours.append((stage["anode_atoms_to"], ours[-1][1] + stage["energy_ev_per_fu"]))
    assert len(ours) == len(kinks)
    for (x, energy), (their_x, their_energy) in zip(ours, sorted(kinks), strict=True):
        assert x == pytest.approx(their_x, rel=1e-6)
        assert energy == pytest.approx(their_energy, abs=ENTRIES_EV)


def test_polymorph_without_a_volume_does_not_break_json(run_json, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(
        "phase_id,formula,formation_energy_ev_per_atom,volume_a3_per_atom\n"
        "a,MgO,-1.0,9.5\nb,MgO,-0.9,\nl,Li2O,-2.06,8.2\nm,LiMg,-0.05,19\n"
    )
    found = run_json("path", "MgO", "--source", file)
    (other,) = found["alternatives"]
    assert other["volume_ratio_oxide"] is None
    assert other["energy_ev_per_fu"] == pytest.approx(found["final"]["energy_ev_per_fu"] - 0.2)  # 2 x 0.1 eV/atom


def test_phase_that_was_measured_without_an_enthalpy_cannot_react(run):
    measured = load_phases("measured")
    without = {
        measured.text("phase_id")[i]: measured.text("formula")[i]
        for i in np.flatnonzero(np.isnan(measured.column("formation_energy_ev_per_atom")))
    }
    phase = next(p for p, f in without.items() if f == "TiO2")
    one_line(*run("path", "TiO2", "--source", "measured", "--phase", phase), phase, "energy")


def test_a_system_without_alloys_is_a_complete_table(run_json, tmp_path):
    """Iron forms no compound with lithium: nothing is missing from this table."""
    file = tmp_path / "iron.csv"
    file.write_text("formula,formation_energy_ev_per_atom\nFe2O3,-1.71\nFeO,-1.41\nLi2O,-2.07\n")
    found = run_json("path", "Fe2O3", "--source", file)
    assert found["final"]["equation"] == "Fe2O3 + 6 Li -> 2 Fe + 3 Li2O"
    assert found["final"]["energy_ev_per_fu"] == pytest.approx(3 * 3 * -2.07 - 5 * -1.71)


# --- building the embedded table ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory, rebuilt_once):
    from licoat.workflows.cli import main

    file = tmp_path_factory.mktemp("built") / "tmp.parquet"
    before = PARQUET.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        rebuilt_once(patch)
        assert main(["data", "build", "--out", str(file), "--quiet"]) == 0
    assert PARQUET.read_bytes() == before  # the embedded table is left alone
    return file


def test_build_reproduces_the_embedded_table(built):
    import pyarrow.parquet as pq

    mine, embedded = (pq.ParquetFile(f).read() for f in (built, PARQUET))
    assert mine.column_names == embedded.column_names
    assert mine["phase_id"].to_pylist() == embedded["phase_id"].to_pylist()
    for name in ("raw_energy_ev_per_atom", "correction_ev_per_atom", "volume_a3_per_atom"):
        assert mine[name].to_pylist() == pytest.approx(embedded[name].to_pylist(), abs=1e-9), name  # rounding only
    for name in ("formula", "space_group", "band_gap_ev", "shear_modulus_gpa"):
        assert mine[name].to_pylist() == embedded[name].to_pylist(), name
    manifests = [json.loads(f.with_suffix(".manifest.json").read_text()) for f in (built, PARQUET)]
    assert manifests[0]["details"]["inputs_sha256"] == manifests[1]["details"]["inputs_sha256"]
    assert manifests[0]["n_phases"] == manifests[1]["n_phases"]


def test_built_table_can_be_used_as_a_source(run_json, built):
    mine = run_json("screen", "Sb2O3", "--source", built)["oxides"][0]
    original = run_json("screen", "Sb2O3", "--scheme", "mp2020")["oxides"][0]
    assert mine["energy_ev_per_fu"] == pytest.approx(original["energy_ev_per_fu"], abs=1e-9)
