"""The report: one file that loads nothing, with every oxide once, and with text from data that stays text."""

import base64
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from licoat.workflows import screen
from licoat.workflows.output.kit import screen_kit
from licoat.workflows.output.report.page import SURE, certain, report_html
from licoat.workflows.screening.criteria import State

NASTY = "<img src=x onerror=alert(1)>\"'&"
EMPTY = {"meta", "br", "input", "img", "link", "hr"}


class Page(HTMLParser):
    """Reads a page: tags in order, attributes, ids; and whether tags are closed as they were opened."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.open, self.links = [], [], [], []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append((tag, values))
        if "id" in values:
            self.ids.append(values["id"])
        self.links += [values[name] for name in ("src", "href", "action", "xlink:href", "srcset") if name in values]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def page(saved):
    return Page((saved / "report.html").read_text(encoding="utf-8"))


def test_every_tag_is_closed_and_ids_are_unique(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_anywhere(page, saved):
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert {tag for tag, _ in page.tags} & {"link", "iframe", "object", "img", "base", "form"} == set()
    text = (saved / "report.html").read_text(encoding="utf-8")
    assert "@import" not in text
    assert not re.search(r"url\(|fetch\(|XMLHttpRequest", text)


def test_every_link_inside_leads_somewhere(page):
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_every_oxide_has_its_row_and_its_section(page, default_screen):
    n = len(default_screen.candidates)
    assert {f"o-{rank}" for rank in range(1, n + 1)} <= set(page.ids)
    assert sum(tag == "tr" and "data-outcome" in values for tag, values in page.tags) == n


def test_downloads_hold_the_files(page, saved):
    links = {values["download"]: values["href"] for tag, values in page.tags if tag == "a" and "download" in values}
    assert set(links) == {"table.csv", "references.bib"}
    for name, link in links.items():
        assert base64.b64decode(link.partition("base64,")[2]) == (saved / name).read_bytes()


def test_it_is_light_and_its_words_are_there(page, saved):
    assert (saved / "report.html").stat().st_size < 5_000_000
    for words in ("Certain", "Data health", "Methods", "Products and provenance"):
        assert words in page.words
    assert not re.search(r"\bnan\b|\bNone\b", page.words)
    assert "prefers-color-scheme" in (saved / "report.html").read_text(encoding="utf-8")


def test_text_from_data_stays_text(builtin):
    result = screen(builtin, ["Sb2O3", "CaO"])
    first, *rest = result.candidates
    verdicts = {name: replace(verdict, note=NASTY) for name, verdict in first.verdicts.items()}
    species = tuple(replace(s, phase_id=NASTY, elastic_source=NASTY) for s in first.path.final.species)
    path = replace(first.path, phase_choice=NASTY, final=replace(first.path.final, species=species))
    source = result.manifest["source"] | {"source": NASTY, "version": NASTY, "details": {"caution": NASTY}}
    nasty = replace(
        result,
        candidates=(replace(first, verdicts=verdicts, path=path), *rest),
        criteria=tuple(replace(c, reason=NASTY) for c in result.criteria),
        not_screened={"CuO": NASTY},
        manifest=result.manifest | {"source": source},
    )
    page = Page(report_html(nasty, f"# Methods\n\n{NASTY}\n", NASTY))
    assert "img" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, values in page.tags for name in values)
    assert page.words.count("<img src=x onerror=alert(1)>") >= len(result.criteria)
    assert page.open == []


def test_certain_oxides_meet_every_criterion_far_enough(default_screen):
    """None does by default: nobody has measured that its products pass ions. Without what is unknown, some do."""
    assert not any(certain(c) for c in default_screen.candidates)
    answered = tuple(c for c in default_screen.criteria if c.name not in {"insulating", "lithium_conducting"})
    phases = default_screen.candidates[0].path.phases
    sure = [c for c in screen(phases, ["Sb2O3", "Bi2O3", "SnO2", "CuO"], criteria=answered).candidates if certain(c)]
    assert sure
    for candidate in sure:
        assert all(v.state is State.PASS for v in candidate.verdicts.values())
        assert min(v.probability for v in candidate.verdicts.values() if v.probability is not None) >= SURE


def test_a_screen_of_inert_oxides_has_a_report_that_says_so(builtin, tmp_path):
    writers = screen_kit(screen(builtin, ["CaO", "BeO"]))
    writers["report.html"](tmp_path / "r.html")
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "No oxide of this screen reacts" in page.words
    assert "It does not react with Li" in page.words


def test_csv_inside_reads_as_the_table(page, default_screen, tmp_path):
    link = next(values["href"] for tag, values in page.tags if values.get("download") == "table.csv")
    (tmp_path / "t.csv").write_bytes(base64.b64decode(link.partition("base64,")[2]))
    assert pd.read_csv(tmp_path / "t.csv")["formula"].tolist() == default_screen.table["formula"].tolist()


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium")
def test_a_browser_sorts_filters_and_fits_a_telephone(saved, tmp_path):
    """Its own script runs without an error; at 390 px nothing but the tables' own frames is wider than the screen."""
    text = (saved / "report.html").read_text(encoding="utf-8")
    probe = """<script>{
    const heads = document.querySelectorAll("#oxides th");
    heads[5].click();
    const heats = [...document.querySelectorAll("#oxides tbody tr")].map((r) => Number(r.cells[5].dataset.v));
    const sorted = heats.every((v, i) => i === 0 || heats[i - 1] <= v);
    const words = document.querySelector("#words"); words.value = "sb2o3"; words.dispatchEvent(new Event("input"));
    document.title = `sorted ${sorted} shown ${document.querySelector("#shown").textContent} ` +
      `wide ${document.documentElement.scrollWidth} of ${innerWidth}`;
    }</script></body>"""
    (tmp_path / "p.html").write_text(text.replace("</body>", probe), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
               "--window-size=390,900", "--dump-dom", f"file://{tmp_path / 'p.html'}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    found = re.search(r"<title>sorted (\w+) shown (\d+) wide (\d+) of (\d+)</title>", done.stdout.decode())
    assert found, done.stdout.decode()[:300]
    assert found[1] == "true"
    assert int(found[2]) == 1
    assert int(found[3]) <= int(found[4])
