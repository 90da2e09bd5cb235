"""Several writers of one place, kills and full disks: files are whole and of one writer, and nothing is left over."""

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pandas as pd
import pytest

from licoat.structures import PhaseTable
from licoat.structures.phases.parquet import manifest_path
from licoat.structures.phases.provenance import file_sha256
from licoat.structures.publishing import publish_files, published
from licoat.workflows import screen
from licoat.workflows.cli import main


@pytest.fixture(scope="module")
def results(builtin):
    return [screen(builtin, oxides) for oxides in (["Sb2O3"], ["Sb2O3", "Bi2O3"], ["SnO2", "Bi2O3", "ZnO"])]


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_threads_that_save_into_one_folder(results, tmp_path):
    """Whoever was last: all files are of the same screen, and the workbook opens."""
    for _ in range(3):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda result: result.save(tmp_path), results * 2))
        table = pd.read_csv(tmp_path / "table.csv")
        book = openpyxl.load_workbook(tmp_path / "table.xlsx")
        assert book["table"].max_row - 1 == len(table)
        assert json.loads((tmp_path / "manifest.json").read_text())["n_oxides"] == len(table)
        assert set(pd.read_csv(tmp_path / "ledger.csv")["formula"]) == set(table["formula"])
        assert pd.read_parquet(tmp_path / "table.parquet")["formula"].tolist() == table["formula"].tolist()
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_threads_that_save_one_table(builtin, tmp_path):
    parts = [builtin.subset(range(n)) for n in (900, 901, 902)]
    path = tmp_path / "t.parquet"
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda part: part.save(path), parts * 3))
    manifest = json.loads(manifest_path(path).read_text())
    assert manifest["sha256"] == file_sha256(path)
    assert len(PhaseTable.load(path)) == manifest["n_phases"] in {900, 901, 902}
    assert names(tmp_path) == {path.name, manifest_path(path).name}


def test_processes_that_save_one_table(tmp_path):
    path = tmp_path / "t.parquet"
    code = """
import sys
from licoat.structures import load_phases
table = load_phases("builtin", scheme="mp2020").subset(range(int(sys.argv[2])))
for _ in range(5):
    table.save(sys.argv[1])
"""
    running = [subprocess.Popen([sys.executable, "-c", code, path, str(n)]) for n in (900, 910, 920)]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert len(PhaseTable.load(path)) in {900, 910, 920}
    assert names(tmp_path) == {path.name, manifest_path(path).name}


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    code = """
import os, signal, sys
from pathlib import Path
from licoat.structures.publishing import published
with published(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "f.txt"], check=False)
    assert done.returncode != 0
    assert len(names(tmp_path)) == 1
    assert not (tmp_path / "f.txt").exists()
    with published(tmp_path / "g.txt") as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == {"g.txt"}


def test_what_a_living_writer_is_writing_stays(tmp_path):
    with published(tmp_path / "a.txt") as first:
        first.write_text("a")
        with published(tmp_path / "b.txt") as second:
            second.write_text("b")
    assert names(tmp_path) == {"a.txt", "b.txt"}


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_a_full_disk_leaves_no_figure_and_names_it(ending, tmp_path, monkeypatch, capsys):
    from matplotlib.figure import Figure

    monkeypatch.setattr(Figure, "savefig", full_disk)
    file = tmp_path / f"path.{ending}"
    assert main(["path", "Sb2O3", "--plot", str(file), "--quiet"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(file) in error
    assert "No space left" in error
    assert names(tmp_path) == set()


def test_a_full_disk_keeps_the_tables_that_were_there(results, tmp_path, monkeypatch):
    results[0].save(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    monkeypatch.setattr(pd.DataFrame, "to_parquet", full_disk)
    with pytest.raises(OSError, match="No space left") as caught:
        results[1].save(tmp_path)
    assert "table.parquet" in str(caught.value)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_files_that_belong_together_come_together(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="No space"):
        publish_files(tmp_path, {"a": lambda p: p.write_text("new"), "b": full_disk})
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == {"a"}


def test_temporary_names_differ(tmp_path):
    with published(tmp_path / "x.csv") as first, published(tmp_path / "x.csv") as second:
        assert first != second
        assert first.suffix == second.suffix == ".csv"
        first.write_text("1")
        second.write_text("2")
    assert (tmp_path / "x.csv").read_text() == "1"  # the outer one ends last


def test_long_names_are_written(tmp_path):
    name = "n" * 240 + ".csv"
    with published(tmp_path / name) as temporary:
        temporary.write_text("x")
    assert names(tmp_path) == {name}


@pytest.mark.skipif(os.name != "posix", reason="closes a descriptor of a POSIX process")
@pytest.mark.parametrize(("arguments", "status"), [(["path", "Xx"], 2), (["path", "Sb2O3", "--quiet"], 0)])
def test_closed_standard_error_keeps_the_status(arguments, status):
    code = "import os, sys\nos.close(2)\nfrom licoat.workflows.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code]
    done = subprocess.run([*command, *arguments], check=False, stdout=subprocess.PIPE)
    assert done.returncode == status


@pytest.mark.skipif(os.name != "posix", reason="closes a descriptor with a POSIX shell")
@pytest.mark.parametrize(("arguments", "status"), [("path Xx", 2), ("path", 2), ("path Sb2O3 --quiet", 0)])
def test_closed_standard_error_of_a_shell_keeps_the_status(arguments, status):
    code = "import sys; from licoat.workflows.cli import main; sys.exit(main())"
    command = f"exec {sys.executable} -c '{code}' {arguments} 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], check=False, stdout=subprocess.PIPE).returncode == status


def test_an_interrupt_while_packages_are_imported_is_one_line(monkeypatch, capsys):
    import builtins

    real = builtins.__import__

    def interrupted(name, *rest):
        if name == "licoat.structures.errors":
            raise KeyboardInterrupt
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    status = main(["path", "Sb2O3"])
    monkeypatch.undo()
    assert status == 130
    assert capsys.readouterr().err == "licoat: interrupted\n"
