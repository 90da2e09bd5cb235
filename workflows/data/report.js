"use strict";
const body = document.querySelector("#oxides tbody"), rows = body ? [...body.rows] : [];
const sections = [...document.querySelectorAll("details[data-name]")];
function value(row, column) {
  const text = row.cells[column].dataset.v;
  return text === "" ? null : column < 3 && column > 0 ? text : Number(text);
}
document.querySelectorAll("#oxides th").forEach((head, column) => head.addEventListener("click", () => {
  const up = head.getAttribute("aria-sort") !== "ascending";
  document.querySelectorAll("#oxides th").forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  rows.sort((a, b) => {
    const x = value(a, column), y = value(b, column);
    if (x === null || y === null) return (x === null) - (y === null);  // what is not known stays below
    return (typeof x === "string" ? x.localeCompare(y) : x - y) * (up ? 1 : -1);
  });
  body.append(...rows);
}));
const words = document.querySelector("#words"), outcome = document.querySelector("#outcome"), shown = document.querySelector("#shown");
function filter() {
  const asked = words.value.trim().toLowerCase(), kind = outcome.value;
  const fits = (thing) => (!asked || thing.dataset.name.includes(asked)) && (!kind || thing.dataset.outcome === kind);
  rows.forEach((row) => { row.hidden = !fits(row); });
  sections.forEach((section) => { section.hidden = !fits(section); });
  shown.textContent = rows.filter((row) => !row.hidden).length;
}
if (words) { words.addEventListener("input", filter); outcome.addEventListener("change", filter); }
function openTarget() {
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  if (target && target.tagName === "DETAILS") { target.hidden = false; target.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => sections.forEach((section) => { section.open = !section.hidden; }));
openTarget();
