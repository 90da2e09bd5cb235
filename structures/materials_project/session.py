"""A `requests` session that carries the Materials Project client's queries and judges every answer.

The client builds the queries; it has no overall time limit, hardly any retries, follows redirects with the key,
and takes fewer documents than the service has for all of them. This session does none of that.
"""

import contextlib
import hashlib
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import requests
import urllib3

from licoat.structures.errors import KeyProblemError, SourceError, shown
from licoat.structures.settings import HOW_TO_SET_A_KEY

__all__ = ["GuardedSession", "Limits", "endpoint_parts"]

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_SHORT = 120


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a fetch: of each request, and of the wait for another fetch.

    Attributes
    ----------
    connect_s, read_s : float
        Longest wait for a connection and for the next bytes.
    total_s : float
        Longest time of a request with all its repetitions and its whole answer.
    max_body_bytes : int
        Largest answer, decoded.
    tries : int
        How often a request is made that meets what may pass (429, 5xx, resets, cut or broken answers).
    unreachable_tries : int
        How often one is made that finds nobody to answer: a refused connection, an unknown name, no route, no
        secure connection. The address is probably wrong, which does not pass.
    backoff_s : float
        First wait before a repetition; it doubles each time.
    longest_wait_s : float
        Longest wait that the service may ask for.
    pace_s : float
        Least time between two requests.
    lock_s : float
        Longest wait for another fetch into the same folder.
    """

    connect_s: float = 10.0
    read_s: float = 60.0
    total_s: float = 180.0
    max_body_bytes: int = 256_000_000
    tries: int = 5
    unreachable_tries: int = 2
    backoff_s: float = 1.0
    longest_wait_s: float = 60.0
    pace_s: float = 0.2
    lock_s: float = 600.0


class _PassingError(Exception):
    """A failure that may pass; `wait_s` is what the service asks to wait."""

    def __init__(self, text: str, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class _UnreachableError(_PassingError):
    """Nobody was there to answer."""


def endpoint_parts(endpoint: str) -> SplitResult:
    """Return the parts of the address of a service.

    Raises
    ------
    SourceError
        If it is not https and not this machine, or holds more than host and path: a name with a password, a question.
        Such an address is not shown, nor is one that cannot be read.
    """
    expected = "expected an https address (http only for this machine) of host and path alone"
    parts = None
    with contextlib.suppress(ValueError):  # its text repeats the address; raised outside, so that no traceback holds it
        found = urlsplit(endpoint)
        parts = found if found.hostname and found.port != 0 else None
    if any(sign in endpoint for sign in "@?#"):
        raise SourceError(f"the endpoint (MP_API_ENDPOINT) holds a password or a question: not used; {expected}")
    if parts is None:
        raise SourceError(f"the endpoint (MP_API_ENDPOINT) is no address; {expected}")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname or "")):
        raise SourceError(f"endpoint {shown(endpoint)}: {expected}")
    return parts


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
        If the endpoint is not https and not this machine, or holds a password.

    Attributes
    ----------
    endpoint : str
        Address of the service, as given.
    answers : list of dict
        One record per answer: path, query, documents, total, sha256, bytes.
    """

    def __init__(self, endpoint: str, limits: Limits, agent: str) -> None:
        super().__init__()
        parts = endpoint_parts(endpoint)
        self.endpoint = endpoint
        self.origin = (parts.scheme, parts.netloc)
        self.limits = limits
        self.answers: list[dict[str, Any]] = []
        self.headers["user-agent"] = agent
        self.trust_env = not _is_this_machine(parts.hostname or "")  # no proxy between this machine and itself
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
        tries = unreachable = 0
        while tries < self.limits.tries and unreachable < self.limits.unreachable_tries:
            if tries:
                self._wait(problem, tries, deadline)
            tries += 1
            try:
                return self._once(request, deadline)
            except _PassingError as error:
                problem = error
                unreachable += isinstance(error, _UnreachableError)
        raise SourceError(f"{self.origin[1]}: {problem} (tried {tries} times)") from None

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

            def exchange() -> tuple[requests.Response, bytes]:
                response = send(request, timeout=timeout, allow_redirects=False, **settings)
                return response, self._read(response, deadline)

            response, body = self._bounded(exchange, left)
        except requests.exceptions.Timeout:
            raise _PassingError("no answer in time") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if isinstance(error, SourceError):
                raise
            raise _failure(error) from None
        finally:
            self._last = time.monotonic()
        response._content = body  # noqa: SLF001 - the body was read with a clock, which requests cannot
        response._content_consumed = True  # noqa: SLF001
        self._judge(request, response, body)
        return response

    def _bounded(
        self, call: Callable[[], tuple[requests.Response, bytes]], seconds: float
    ) -> tuple[requests.Response, bytes]:
        """Run a call whose time limits are per read: a trickle of header lines, or a late hang, would outlast ours."""
        done: list[tuple[requests.Response, bytes] | Exception] = []

        def run() -> None:
            try:
                done.append(call())
            except Exception as error:  # noqa: BLE001 - handed to the caller
                done.append(error)

        worker = threading.Thread(target=run, daemon=True)
        worker.start()
        worker.join(seconds)
        if not done:
            raise SourceError(f"{self.origin[1]}: no whole answer within {self.limits.total_s:g} s")
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


_FAILURES: tuple[tuple[str, type[_PassingError], str], ...] = (
    ("refused", _UnreachableError, "the connection was refused; is MP_API_ENDPOINT right?"),
    ("name or service", _UnreachableError, "the name is not known; no network, or a wrong MP_API_ENDPOINT?"),
    ("resolve", _UnreachableError, "the name is not known; no network, or a wrong MP_API_ENDPOINT?"),
    ("unreachable", _UnreachableError, "there is no way to this host; no network?"),
    ("no route", _UnreachableError, "there is no way to this host; no network?"),
    ("unexpected_eof", _PassingError, "the connection was closed"),
    ("ssl", _UnreachableError, "no secure connection (TLS)"),
    ("timed out", _PassingError, "no answer in time"),
    ("incompleteread", _PassingError, "the answer was cut off"),
    ("reset", _PassingError, "the connection was reset"),
    ("aborted", _PassingError, "the connection was closed"),
)
"""Words in the error of a connection, in the order in which they are looked for."""


def _failure(error: Exception) -> _PassingError:
    """Say why a connection failed, in few words and without addresses of objects."""
    if isinstance(error, requests.exceptions.ProxyError):
        return _UnreachableError("the proxy of this network cannot be reached (HTTPS_PROXY)")
    text = str(error).lower()
    for sign, kind, reason in _FAILURES:
        if sign in text:
            return kind(reason)
    return _PassingError(f"the connection failed ({type(error).__name__})")
