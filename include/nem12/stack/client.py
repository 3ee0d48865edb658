"""Airflow's REST API, by the standard library."""

import json as codec
import threading
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from nem12.errors import TerminalError, TransientError


class ApiError(TerminalError):
    """The api-server refused a request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Client:
    """Speaks to one api-server as one user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._token: str | None = None
        self._lock = threading.Lock()
        # A proxy of the environment is for the world outside, not for 127.0.0.1.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, json: object = None) -> Any:
        """Request `path`, such as /api/v2/dags, and return the decoded answer, None if empty.

        Raises:
            ApiError: it was refused.
            TransientError: nobody answers.
        """
        with self._lock:
            token = self._token = self._token or self._new_token()
        try:
            return self._send(method, path, json, token)
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        with self._lock:  # a token lives for a day, `up` may run for weeks
            token = self._token = self._new_token()
        return self._send(method, path, json, token)

    def health(self) -> dict[str, dict[str, str | None]]:
        """What the api-server says of the components."""
        answer: dict[str, dict[str, str | None]] = self._send("GET", "/api/v2/monitor/health")
        return answer

    def _new_token(self) -> str:
        return str(self._send("POST", "/auth/token", self._login)["access_token"])

    def _send(self, method: str, path: str, json: object = None, token: str | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", method=method)  # noqa: S310
        request.add_header("Accept", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if json is not None:
            request.add_header("Content-Type", "application/json")
            request.data = codec.dumps(json).encode()
        try:
            with self._opener.open(request, timeout=30) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise ApiError(error.code, f"{method} {path}: {error.code} {text}") from None
        except OSError as error:
            raise TransientError(f"Airflow at {self.url} does not answer: {error}") from error
        return codec.loads(body) if body else None
