"""A Materials Project on 127.0.0.1: the answers of the real service, and its failures on demand.

What it does follows the public server source (emmet-api, August 2026): key check of the gateway, refusal of unknown
parameters, exact chemical systems, projection that leaves absent fields out, pages, licence of the account.
"""

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SUMMARY, THERMO, HEARTBEAT = "/materials/summary/", "/materials/thermo/", "/heartbeat"
_CAP, _DEFAULT_LIMIT, _GZIP_FROM, _LONGEST_WAIT_S = 1000, 100, 1000, 90.0
_COMMON = {"_limit", "_skip", "_page", "_per_page", "_fields", "_all_fields", "id_format", "license"}
_NUMBERS = {
    *("energy_above_hull", "formation_energy_per_atom", "energy_per_atom", "uncorrected_energy_per_atom"),
    *("nsites", "nelements", "volume"),
}
_RANGES = {f"{name}_{end}" for name in _NUMBERS for end in ("min", "max")}
_SUMMARY_ONLY = {"band_gap_min", "band_gap_max", "density_min", "density_max"}
PARAMETERS = {
    SUMMARY: _COMMON
    | _RANGES
    | _SUMMARY_ONLY
    | {"material_ids", "formula", "chemsys", "deprecated", "is_stable", "theoretical", "is_metal", "_sort_fields"},
    THERMO: _COMMON | _RANGES | {"material_ids", "thermo_ids", "thermo_types", "formula", "chemsys", "is_stable"},
}
DEFAULT_FIELDS = {SUMMARY: ["material_id"], THERMO: ["material_id", "thermo_id", "thermo_type", "last_updated"]}


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int


@dataclass
class Fault:
    """One failure: of requests `first` to `first + times - 1` to a path, counted from when it was set."""

    path: str
    act: Callable[["_Handler", bytes], int]
    first: int = 1
    times: float = float("inf")
    seen: int = 0

    def due(self, path: str) -> bool:
        if path != self.path:
            return False
        self.seen += 1
        return self.first <= self.seen < self.first + self.times


@dataclass
class MPServer:
    """Context manager; everything that a test changes is a plain attribute."""

    documents: dict[str, list[dict[str, Any]]]
    key: str
    db_version: str = "2026.04.13"
    licenses: tuple[str, ...] = ("BY-C",)
    id_number: Callable[[str], int] = int
    on_request: Callable[[str], None] = lambda _path: None
    log: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def __enter__(self):
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self._http = _HTTP(("127.0.0.1", 0), _Handler)
        self._http.mp = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if not self.stopping.is_set():
            self.stopping.set()
            self._http.shutdown()
            self._http.server_close()
            self._thread.join(5)

    @property
    def port(self):
        return self._http.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def count(self, path):
        """Count the requests to a path so far, but for the last one, which asks where an energy is missing."""
        return len(self.asked(path))

    def asked(self, path):
        """Return the requests to a path; not those that ask for several thermo types, as a check at the end does."""
        with self.lock:
            return [r for r in self.log if r.path == path and "," not in r.query.get("thermo_types", "")]

    def saw(self, secret):
        """Tell whether a text was in any request."""
        with self.lock:
            return any(secret in str(r) for r in self.log)

    # --- failures ------------------------------------------------------------------------------------------------

    def fail(self, path, act, *, first=1, times=float("inf")):
        self.faults.append(Fault(path, act, first, times))

    def answer(self, path, parameters, key):
        if path == HEARTBEAT:
            return 200, {
                "status": "OK",
                "time": "2026-08-19T10:00:00",
                "version": "0.87.3",
                "pymatgen": "2026.5.4",
                "db_version": self.db_version,
                "suffix": "blue",
                "access_controlled_batch_ids": ["gnome_r2scan"],
            }
        if not key:
            return 401, {"message": "No API key found in request"}
        if key != self.key:
            return 401, {"message": "Unauthorized"}
        if path not in PARAMETERS:
            return 404, {"message": "no Route matched with those values"}
        unknown = sorted(set(parameters) - PARAMETERS[path])
        if unknown:
            names = ", ".join(unknown)
            return 400, {"detail": f"Request contains query parameters which cannot be used: {names}"}
        return self._search(path, parameters)

    def _search(self, path, parameters):
        skip, limit = int(parameters.get("_skip", 0)), int(parameters.get("_limit", _DEFAULT_LIMIT))
        if "_page" in parameters:
            limit = int(parameters.get("_per_page", _DEFAULT_LIMIT))
            skip = (int(parameters["_page"]) - 1) * limit
        if limit > _CAP:
            return 400, {"detail": f"Requested more data per query than allowed by this endpoint. Max: {_CAP}"}
        found = [d for d in self.documents[path] if self._matches(d, path, parameters)]
        order = parameters.get("_sort_fields", "")
        if order:
            found.sort(key=lambda d: d[order.removeprefix("-")], reverse=order.startswith("-"))
        fields = [f for f in parameters.get("_fields", "").split(",") if f] or DEFAULT_FIELDS[path]
        page = found[skip : skip + limit]
        if parameters.get("_all_fields", "").lower() != "true":
            page = [_projected(d, fields) for d in page]
        return 200, {
            "data": page,
            "meta": {
                "api_version": "0.87.3",
                "time_stamp": "2026-08-19T10:00:00Z",
                "total_doc": len(found),
                "facet": None,
                "max_limit": _CAP,
                "default_fields": DEFAULT_FIELDS[path],
            },
        }

    def _matches(self, document, path, parameters):
        def listed(name, value, read=str):
            wanted = parameters.get(name)  # an empty list means: everything
            return not wanted or read(value) in {read(one) for one in wanted.split(",")}

        stable = parameters.get("is_stable", "")
        return (
            document["builder_meta"]["license"] in self.licenses
            and (path == THERMO or document["deprecated"] == (parameters.get("deprecated", "").lower() == "true"))
            and listed("chemsys", document["chemsys"], lambda text: "-".join(sorted(text.split("-"))))
            and listed("formula", document["formula_pretty"])
            and listed("material_ids", document["material_id"], self.id_number)
            and listed("thermo_types", document.get("thermo_type", ""))
            and (not stable or document["is_stable"] == (stable.lower() == "true"))
            and all(_in_range(document, name, bound) for name, bound in parameters.items() if name in _RANGES)
        )


def _in_range(document, name, bound):
    value = document.get(name[:-4])
    if value is None:
        return False
    return value >= float(bound) if name.endswith("_min") else value <= float(bound)


def _projected(document, fields):
    """Keep the named fields, also dotted ones; a field the document lacks stays absent."""
    kept = {}
    for name in fields:
        source, target = document, kept
        *parents, last = name.split(".")
        for parent in parents:
            if not isinstance(source, dict) or parent not in source:
                break
            source, target = source[parent], target.setdefault(parent, {})
        else:
            if isinstance(source, dict) and last in source:
                target[last] = source[last]
    return kept


class _HTTP(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    mp: MPServer

    def handle_error(self, *_):
        """Say nothing: clients of these tests go away in the middle of answers."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _LONGEST_WAIT_S
    disable_nagle_algorithm = True  # head and body go in two writes: else the second waits 40 ms for the first
    server: _HTTP

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        mp = self.server.mp
        parts = urlsplit(self.path)
        path = parts.path if parts.path.rstrip("/") != HEARTBEAT else HEARTBEAT
        parameters = {name: ",".join(values) for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        mp.on_request(path)
        status, document = mp.answer(path, parameters, self.headers.get("x-api-key", ""))
        body = json.dumps(document).encode()
        with mp.lock:
            due = [fault for fault in mp.faults if fault.due(path)]
            mp.log.append(Request(path, parameters, dict(self.headers), 0))
            place = len(mp.log) - 1
        sent = due[0].act(self, body) if due else self.send(status, body)
        with mp.lock:
            mp.log[place] = Request(path, parameters, dict(self.headers), sent)

    def send(self, status, body, kind="application/json", headers=()):
        if len(body) >= _GZIP_FROM and "gzip" in self.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 1)
            headers = [*headers, ("Content-Encoding", "gzip")]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        return status


# --- the failures: each answers one request instead of the server -----------------------------------------------------


def status(code, document=None, **headers):
    """Answer with a status of the API; `Retry_After=1` becomes the header Retry-After."""
    named = [(name.replace("_", "-"), str(value)) for name, value in headers.items()]
    body = json.dumps({"detail": f"status {code}"} if document is None else document).encode()
    return lambda handler, _body: handler.send(code, body, headers=named)


def text(content, kind="application/json", code=200):
    """Answer with a text as it stands."""
    return lambda handler, _body: handler.send(code, content.encode(), kind)


def page(title="Sign in to the network", code=200):
    """Answer with a web page, as a hotel's network or a gateway does."""
    return text(f"<!doctype html><html><head><title>{title}</title></head><body>hello</body></html>", "text/html", code)


def redirect(target, code=302):
    return lambda handler, _body: handler.send(code, b"", "text/plain", [("Location", target)])


def mutate(change):
    """Answer with the right document, changed: `change` edits it in place or returns another."""

    def act(handler, body):
        document = json.loads(body)
        changed = change(document)
        return handler.send(200, json.dumps(document if changed is None else changed).encode())

    return act


def hang(handler, _body):
    handler.server.mp.stopping.wait(_LONGEST_WAIT_S)
    handler.close_connection = True
    return 0


def reset(handler, _body):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    return 0


def cut(handler, body):
    """Promise the whole body and send half of it."""
    _promise(handler, body)
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return 200


def trickle(handler, body):
    """Send a byte every fifth of a second: no single read ever times out."""
    _promise(handler, body)
    stopping = handler.server.mp.stopping
    for place in range(int(_LONGEST_WAIT_S * 5)):
        if stopping.wait(0.2):
            break
        handler.wfile.write(body[place : place + 1])
        handler.wfile.flush()
    handler.close_connection = True
    return 200


def _promise(handler, body):
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Connection", "close")
    handler.end_headers()


def stall(seconds):
    """Promise the body, send it a byte every tenth of a second for so long, then send nothing more."""

    def act(handler, body):
        _promise(handler, body)
        stopping = handler.server.mp.stopping
        for place in range(int(seconds * 10)):
            handler.wfile.write(body[place : place + 1])
            if stopping.wait(0.1):
                break
        return hang(handler, body)

    return act


def trickle_head(handler, _body):
    """Send the head of an answer a byte at a time."""
    stopping = handler.server.mp.stopping
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * int(_LONGEST_WAIT_S * 5):
        if stopping.wait(0.2):
            break
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
    handler.close_connection = True
    return 0


def cut_chunked(handler, body):
    """Send half of the body in chunks and go away."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    half = body[: len(body) // 2]
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(half), half))
    handler.close_connection = True
    return 200
