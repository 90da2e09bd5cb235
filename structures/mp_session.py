"""A `requests` session that carries the Materials Project client's queries and judges every answer.

The client builds the queries; it has no overall time limit, hardly any retries, follows redirects with the key,
and takes fewer documents than the service has for all of them. This session does none of that.
"""

import hashlib
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import urllib3

from licoat.structures.errors import KeyProblemError, SourceError
from licoat.structures.settings import HOW_TO_SET_A_KEY

__all__ = ["GuardedSession", "Limits"]

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_SHORT = 120


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one request.

    Attributes
    ----------
    connect_s, read_s : float
        Longest wait for a connection and for the next bytes.
    total_s : float
        Longest time of a request with all its repetitions.
    max_body_bytes : int
        Largest answer, decoded.
    tries : int
        Repetitions of what may pass (429, 5xx, resets, cut or broken answers).
    backoff_s : float
        First wait before a repetition; it doubles each time.
    longest_wait_s : float
        Longest wait that the service may ask for.
    pace_s : float
        Least time between two requests.
    """

    connect_s: float = 10.0
    read_s: float = 60.0
    total_s: float = 180.0
    max_body_bytes: int = 256_000_000
    tries: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 60.0
    pace_s: float = 0.2


class _PassingError(Exception):
    """A failure that may pass; `wait_s` is what the service asks to wait."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class GuardedSession(requests.Session):
    """Session for one endpoint.

    Parameters
    ----------
    endpoint : str
        Address of the service; https, or this machine.
    limits : Limits
    agent : str
        User agent.

    Raises
    ------
    SourceError
        If the endpoint is not https and not this machine.

    Attributes
    ----------
    answers : list of dict
        One record per answer: path, query, documents, total, sha256, bytes.
    """

    def __init__(self, endpoint: str, limits: Limits, agent: str) -> None:
        super().__init__()
        parts = urlsplit(endpoint)
        plain = parts.scheme == "http" and _is_this_machine(parts.hostname or "")
        if not parts.hostname or "@" in parts.netloc or not (parts.scheme == "https" or plain):
            raise SourceError(f"endpoint {endpoint!r}: expected an https address (http only for this machine)")
        self.origin = (parts.scheme, parts.netloc)
        self.limits = limits
        self.answers: list[dict[str, Any]] = []
        self.headers["user-agent"] = agent
        self.trust_env = not _is_this_machine(parts.hostname)  # no proxy between this machine and itself
        self.max_redirects = 0
        self._last = -math.inf

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # noqa: ANN401
        """Send a request, repeat what may pass, and return only an answer that is whole.

        Raises
        ------
        SourceError
            With the host and the reason, after at most ``limits.total_s``.
        KeyProblemError
            If the service refuses the key.
        """
        parts = urlsplit(request.url or "")
        if (parts.scheme, parts.netloc) != self.origin:
            raise SourceError(f"refused to send a request to {parts.netloc}: it is not {self.origin[1]}")
        deadline = time.monotonic() + self.limits.total_s
        problem = _PassingError("no try was made")
        for attempt in range(self.limits.tries):
            if attempt:
                self._wait(problem, attempt, deadline)
            try:
                return self._once(request, deadline)
            except _PassingError as error:
                problem = error
        raise SourceError(f"{self.origin[1]}: {problem} ({self.limits.tries} tries)") from None

    def __reduce__(self) -> str:
        raise TypeError("a session holds the key and is not pickled")

    def _wait(self, problem: _PassingError, attempt: int, deadline: float) -> None:
        asked = problem.wait_s
        if asked is not None and asked > self.limits.longest_wait_s:
            raise SourceError(f"{self.origin[1]}: {problem}, and asks to wait {asked:g} s; try again later") from None
        wait = asked if asked is not None else self.limits.backoff_s * 2.0 ** (attempt - 1)
        if time.monotonic() + wait >= deadline:
            raise SourceError(
                f"{self.origin[1]}: {problem}; no whole answer within {self.limits.total_s:g} s"
            ) from None
        time.sleep(wait)

    def _once(self, request: requests.PreparedRequest, deadline: float) -> requests.Response:
        time.sleep(max(0.0, self._last + self.limits.pace_s - time.monotonic()))
        left = deadline - time.monotonic()
        if left <= 0.0:
            raise SourceError(f"{self.origin[1]}: no whole answer within {self.limits.total_s:g} s")
        timeout = (min(self.limits.connect_s, left), min(self.limits.read_s, left))
        settings = self.merge_environment_settings(request.url or "", {}, stream=True, verify=None, cert=None)
        settings["stream"] = True
        try:
            send = super().send
            response = self._bounded(lambda: send(request, timeout=timeout, allow_redirects=False, **settings), left)
            body = self._read(response, deadline)
        except requests.exceptions.Timeout:
            raise _PassingError("no answer in time") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if isinstance(error, SourceError):
                raise
            raise _PassingError(_reason(error)) from None
        finally:
            self._last = time.monotonic()
        response._content = body  # noqa: SLF001 - the body was read with a clock, which requests cannot
        response._content_consumed = True  # noqa: SLF001
        self._judge(request, response, body)
        return response

    def _bounded(self, call: Callable[[], requests.Response], seconds: float) -> requests.Response:
        """Run a call that has no overall time limit of its own: a trickle of header lines would never end."""
        done: list[requests.Response | Exception] = []

        def run() -> None:
            try:
                done.append(call())
            except Exception as error:  # noqa: BLE001 - handed to the caller
                done.append(error)

        worker = threading.Thread(target=run, daemon=True)
        worker.start()
        worker.join(seconds)
        if not done:
            raise SourceError(f"{self.origin[1]}: no answer within {self.limits.total_s:g} s")
        if isinstance(done[0], Exception):
            raise done[0]
        return done[0]

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """Read the body; the time-out of requests is per read, so a trickle would never end."""
        chunks, size = [], 0
        while chunk := response.raw.read1(65536, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > deadline:
                response.close()
                raise SourceError(f"{self.origin[1]}: the answer took longer than {self.limits.total_s:g} s")
            if size > self.limits.max_body_bytes:
                response.close()
                raise SourceError(f"{self.origin[1]}: an answer of more than {self.limits.max_body_bytes} bytes")
        if response.raw.length_remaining:
            raise _PassingError("the answer was cut off")
        return b"".join(chunks)

    def _judge(self, request: requests.PreparedRequest, response: requests.Response, body: bytes) -> None:
        """Let only a whole and well-formed answer pass."""
        host, status = self.origin[1], response.status_code
        page = "html" in response.headers.get("content-type", "").lower()
        if 300 <= status < 400:
            raise SourceError(f"{host}: answered with a redirect ({status}); not followed, the key stays here")
        heartbeat = urlsplit(request.url or "").path.endswith("/heartbeat")
        if heartbeat and status == 403:
            return  # the gate before the service blocks it at times; the documents name the database too
        if status in {401, 403} and not page:
            raise KeyProblemError(f"{host} refused the key ({status}); {HOW_TO_SET_A_KEY}")
        if status in _PASSING:
            raise _PassingError(f"answered {status}", _seconds(response.headers.get("retry-after")))
        if status != 200:
            what = "with a page" if page else f"with {self._detail(body)}"
            raise SourceError(f"{host}: answered {status} {what}")
        if page:
            raise SourceError(f"{host}: answered with an HTML page; is it a sign-in page of the network?")
        try:
            document = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise _PassingError("the answer is not JSON" if body else "an empty answer, not JSON") from None
        if not heartbeat:
            self._check_documents(request, document, body)

    def _detail(self, body: bytes) -> str:
        """Return the beginning of an answer, without the key should the service repeat it."""
        text = " ".join(body[:1000].decode("utf-8", "replace").split())
        key = self.headers.get("x-api-key")
        if key:
            text = text.replace(key if isinstance(key, str) else key.decode(), "(the key)")
        return text[:_SHORT] or "nothing"

    def _check_documents(self, request: requests.PreparedRequest, document: Any, body: bytes) -> None:  # noqa: ANN401
        parts = urlsplit(request.url or "")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise _PassingError("an answer without a list of documents in 'data'")
        meta = document.get("meta")
        total = meta.get("total_doc") if isinstance(meta, dict) else None
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise _PassingError("an answer without meta.total_doc, so it cannot be known whole")
        expected = min(int(query.get("_limit", 100)), max(0, total - int(query.get("_skip", 0))))
        if len(data) != expected:
            raise _PassingError(f"incomplete: {len(data)} of {expected} documents (total_doc {total})")
        digest = hashlib.sha256(body).hexdigest()
        record = {"path": parts.path, "query": dict(sorted(query.items())), "documents": len(data), "total": total}
        self.answers.append(record | {"sha256": digest, "bytes": len(body)})


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _seconds(text: str | None) -> float | None:
    """Seconds of a Retry-After header; dates and nonsense are no wish."""
    try:
        return max(0.0, float(text or ""))
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    """Say why a connection failed, in few words and without addresses of objects."""
    text = str(error).lower()
    for sign, reason in (
        ("refused", "the connection was refused"),
        ("name or service", "the name is not known (no network?)"),
        ("resolve", "the name is not known (no network?)"),
        ("ssl", "no secure connection (TLS)"),
        ("timed out", "no answer in time"),
        ("incompleteread", "the answer was cut off"),
        ("reset", "the connection was reset"),
        ("aborted", "the connection was closed"),
    ):
        if sign in text:
            return reason
    return f"the connection failed ({type(error).__name__})"
