"""What addresses hold, fetched once in a session from hosts that the configuration allows."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_evalsuite.errors import AttachmentError, ConfigurationError
from pytest_evalsuite.extras import require
from pytest_evalsuite.testsets.media import MediaSniffer

__all__ = ["Fetched", "Fetcher", "check_address", "read_hosts"]

SECONDS: Final = 30.0
"""For one file, redirects included."""
MOST_REDIRECTS: Final = 5
PORTS: Final = {"http": 80, "https": 443}
HOST: Final = re.compile(r"(?P<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")

Place = tuple[str, int | None]
"""A host, and its port: None for that of the scheme."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched, and the media type that its server or its content tells."""

    path: Path
    mime_type: str


@dataclass(slots=True)
class Fetcher:
    """Fetches files of at most ``max_bytes`` from ``hosts`` into a folder of its own, which `close` removes."""

    hosts: frozenset[Place]
    max_bytes: int
    timeout: float = SECONDS
    _outcomes: dict[str, Fetched | AttachmentError] = field(default_factory=dict)
    _folder: Path | None = None

    def allows(self, scheme: str, host: str, port: int | None) -> bool:
        """Whether something may be fetched from there."""
        own = PORTS.get(scheme)
        if own is None:
            return False
        return (host, port or own) in self.hosts or (port in (None, own) and (host, None) in self.hosts)

    def outcome(self, url: str) -> Fetched | AttachmentError | None:
        """Give what the address holds or why it cannot be had, the same each time; None for a host not allowed."""
        if url not in self._outcomes:
            parts = urlsplit(url)
            if not self.allows(parts.scheme, parts.hostname or "", parts.port):
                return None
            try:
                self._outcomes[url] = self._fetch(url)
            except AttachmentError as error:
                self._outcomes[url] = error
        return self._outcomes[url]

    def close(self) -> None:
        """Remove what was fetched."""
        folder, self._folder = self._folder, None
        self._outcomes.clear()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _fetch(self, url: str) -> Fetched:
        import httpx

        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="evalsuite-files-"))
        path = self._folder / str(len(self._outcomes))
        deadline = time.monotonic() + self.timeout
        try:
            with httpx.Client(follow_redirects=False) as client:
                address = httpx.URL(url)
                self._check(address, "it names")
                return self._follow(client, address, path, deadline)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise failed(url, f"{type(error).__name__}: {error}".removesuffix(": ")) from None
        except ValueError as error:
            raise failed(url, str(error)) from None

    def _follow(self, client: Any, address: Any, path: Path, deadline: float) -> Fetched:
        """Fetch, through redirects to allowed hosts only. Raises ValueError with the reason when that is refused."""
        for _ in range(MOST_REDIRECTS + 1):
            left = self._left(deadline)
            with client.stream("GET", address, headers={"Accept-Encoding": "identity"}, timeout=left) as response:
                if response.next_request is None:
                    if response.status_code != 200:
                        raise ValueError(f"the server answered {response.status_code} {response.reason_phrase}")
                    return self._save(response, path, deadline)
                following = response.next_request.url
            self._check(following, "it redirects to")
            if (address.scheme, following.scheme) == ("https", "http"):
                raise ValueError("it redirects from https to http")
            address = following
        raise ValueError(f"more than {MOST_REDIRECTS} redirects")

    def _left(self, deadline: float) -> float:
        """Give the seconds that are left. Raises ValueError when there are none."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise ValueError(f"not there within {self.timeout:g} s")
        return left

    def _check(self, address: Any, says: str) -> None:
        if address.userinfo or not self.allows(address.scheme, address.host, address.port):
            place = f"{address.scheme}://{address.netloc.decode('ascii', 'replace')}"
            raise ValueError(f"{says} {place}, which evalsuite_fetch_hosts does not allow")

    def _save(self, response: Any, path: Path, deadline: float) -> Fetched:
        sniffer = MediaSniffer()
        size = 0
        with path.open("wb") as file:
            for block in response.iter_bytes():
                size += len(block)
                if size > self.max_bytes:
                    raise ValueError(f"more than {self.max_bytes / 1e6:g} MB (evalsuite_max_file_mb)")
                self._left(deadline)
                sniffer.feed(block)
                file.write(block)
        told = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(path, told if "/" in told else sniffer.result())


def failed(url: str, reason: str) -> AttachmentError:
    """Say why an address could not be fetched."""
    return AttachmentError(f"file_url {url!r} could not be fetched: {reason}")


def check_address(url: str) -> None:
    """Raise ValueError for an address that names no host, holds a password, or can be read in two ways."""
    if "\\" in url or re.search(r"\s", url):
        raise ValueError("expected an address without blanks and backslashes: write %20 and %5C")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"expected an http:// or https:// address: {error}") from None
    if "@" in parts.netloc:
        raise ValueError("an address must not hold a user name or password")
    if not host:
        raise ValueError("expected a host in the address, such as https://example.org/letter.pdf")


def read_hosts(names: Iterable[str]) -> frozenset[Place]:
    """Read host names, each with or without a port. Raises ConfigurationError for anything else, and without httpx."""
    hosts = set()
    for name in names:
        found = HOST.fullmatch(name.lower())
        if found is None or not 0 < int(found["port"] or 1) < 65_536:
            raise ConfigurationError(
                "evalsuite_fetch_hosts: expected a host name, such as files.example.org or localhost:8000, "
                f"got {name!r}"
            )
        hosts.add((found["host"].strip("[]"), int(found["port"]) if found["port"] else None))
    if hosts:
        require("evalsuite_fetch_hosts", "http", "httpx")
    return frozenset(hosts)
