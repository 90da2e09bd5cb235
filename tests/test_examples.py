"""What documents show runs: the examples of docstrings, and the Python of README and docs."""

import doctest
import importlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("structures", "thermo", "workflows")
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def dotted(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(("licoat", *(parts[:-1] if parts[-1] == "__init__" else parts)))


MODULES = [dotted(file) for floor in FLOORS for file in sorted((ROOT / floor).rglob("*.py"))]


def examples(name):
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name), name)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write a file
    said = io.StringIO()
    for test in examples(name):
        runner = doctest.DocTestRunner(verbose=False)
        assert not any(example.options.get(doctest.SKIP) for example in test.examples), f"{test.name} is skipped"
        failed, tried = runner.run(test, out=said.write)
        assert tried > 0
        assert failed == 0, said.getvalue()


def test_there_are_examples_and_every_written_one_is_found():
    """An example that the finder does not see, in a nested function or a decorated one, would never run."""
    written = {name: _written(name) for name in MODULES}
    found = {name: sum(len(test.examples) for test in examples(name)) for name in MODULES}
    assert found == written
    assert sum(found.values()) > 20


def _written(name):
    path = ROOT.joinpath(*name.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return len(re.findall(r"^\s*>>> ", file.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_of_a_document_runs(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in _PYTHON.findall(document.read_text(encoding="utf-8")):
        exec(compile(block, document.name, "exec"), names)  # noqa: S102 - our own document


def test_the_readme_has_python():
    assert len(_PYTHON.findall(DOCUMENTS[0].read_text(encoding="utf-8"))) >= 2
