"""The rooms of the house and which of them import which: ``python tests/rooms.py`` draws them in CONTRIBUTING.md.

A room is a folder of a floor, or a module that stands on a floor by itself. Imports inside functions and
for types count.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOORS = ("structures", "thermo", "workflows")
SOURCES = tuple(file for floor in FLOORS for file in sorted((ROOT / floor).rglob("*.py")))
_BEGIN, _END = "<!-- rooms: made by python tests/rooms.py -->", "<!-- end of rooms -->"


def imports(file: Path) -> Iterator[tuple[int, str, int]]:
    """Yield every imported name of a file, at any depth, as (line, dotted name, level of relative import)."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), filename=str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield node.lineno, base, node.level
            if base.startswith("licoat"):
                yield from ((node.lineno, f"{base}.{alias.name}", 0) for alias in node.names)


def room_of(parts: tuple[str, ...]) -> str:
    """Return the room of a module's dotted name without ``licoat``; a floor's ``__init__`` is a room, its face."""
    floor, *rest = parts
    if floor == "thermo":
        return floor
    if rest and ((ROOT / floor / rest[0]).is_dir() or (ROOT / floor / f"{rest[0]}.py").exists()):
        return f"{floor}.{rest[0]}"
    return f"{floor} (face)"


def arrows() -> dict[str, set[str]]:
    """Return every room with the rooms that it imports."""
    found: dict[str, set[str]] = {}
    for file in SOURCES:
        parts = file.relative_to(ROOT).with_suffix("").parts
        room = room_of(parts if parts[-1] != "__init__" or len(parts) > 2 else parts[:1])
        found.setdefault(room, set())
        for _, name, _ in imports(file):
            first, *rest = name.split(".")
            if first == "licoat" and rest:
                found[room].add(room_of(tuple(rest)))
    return {room: others - {room} for room, others in found.items()}


def circles(graph: dict[str, set[str]]) -> set[str]:
    """Return rooms that reach themselves: take away those that import none of what is left, until nothing changes."""
    left = dict(graph)
    while free := [room for room, others in left.items() if not others & left.keys()]:
        for room in free:
            del left[room]
    while free := [room for room in left if not any(room in others for others in left.values())]:
        for room in free:  # above the circle, not part of it
            del left[room]
    return set(left)


def drawing(graph: dict[str, set[str]]) -> str:
    """Draw the rooms as a Mermaid graph; an arrow that follows from two others is left out."""
    reach: dict[str, set[str]] = {}

    def below(room: str) -> set[str]:
        if room not in reach:
            reach[room] = graph[room].union(*(below(other) for other in graph[room]))
        return reach[room]

    lines = ["```mermaid", "graph LR"]
    for room in sorted(graph):
        direct = graph[room]
        needed = {other for other in direct if not any(other in below(via) for via in direct - {other})}
        lines += [f"  {_node(room)} --> {_node(other)}" for other in sorted(needed)]
    return "\n".join([*lines, "```"])


def _node(room: str) -> str:
    return f'{room.replace(".", "_").replace(" (face)", "_face")}["{room}"]'


def drawn(text: str) -> str:
    """Return the text of CONTRIBUTING.md with today's drawing in its place."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{drawing(arrows())}\n{_END}{after}"


if __name__ == "__main__":
    path = ROOT / "CONTRIBUTING.md"
    path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")
