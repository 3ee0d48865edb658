"""Airflow's REST API on this machine."""

from collections.abc import Generator
from http import HTTPStatus
from typing import Any

import httpx

from nem12.errors import TerminalError, TransientError


class ApiError(TerminalError):
    """The api-server refused a request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Login(httpx.Auth):
    """Gets a token with the first request, and another when the api-server takes it no longer."""

    requires_response_body = True

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = f"{url}/auth/token"
        self._login = {"username": user, "password": password}
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with the token; once more where that has expired."""
        if not self._token:
            yield from self._log_in()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            # A token lives for a day, `up` may run for weeks.
            yield from self._log_in()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _log_in(self) -> Generator[httpx.Request, httpx.Response, None]:
        answer = yield httpx.Request("POST", self._url, json=self._login)
        self._token = str(_decoded(answer)["access_token"])


class Client:
    """Speaks to one api-server as one user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = Login(url, user, password)
        self._http = httpx.Client(
            base_url=url,
            timeout=30,
            # A proxy of the environment is for the world outside, not for 127.0.0.1.
            trust_env=False,
            # The api-server may have been started again since the last request.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def call(self, method: str, path: str, json: object = None) -> Any:
        """Request `path`, such as /api/v2/dags, and return the decoded answer, None if empty.

        Raises:
            ApiError: The api-server refused it.
            TransientError: Airflow does not answer.
        """
        return self._send(method, path, json, self._login)

    def health(self) -> dict[str, dict[str, str | None]]:
        """The api-server's report about the components."""
        answer: dict[str, dict[str, str | None]] = self._send("GET", "/api/v2/monitor/health")
        return answer

    def _send(
        self, method: str, path: str, json: object = None, login: httpx.Auth | None = None
    ) -> Any:
        try:
            return _decoded(self._http.request(method, path, json=json, auth=login))
        except httpx.TransportError as error:
            raise TransientError(f"Airflow at {self.url} does not answer: {error}") from error


def _decoded(answer: httpx.Response) -> Any:
    if answer.is_error:
        said = f"{answer.request.method} {answer.request.url.raw_path.decode()}"
        raise ApiError(answer.status_code, f"{said}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None
