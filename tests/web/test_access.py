"""Who may read, who may act, and what a browser is allowed."""

import re
from collections.abc import Callable

import httpx
import pytest

from nem12.settings import CHECKOUT, LOAD_DAG_ID
from tests.web import cases
from tests.web.conftest import Site

EXAMPLES = {
    "{sha256}": "0" * 64,
    "{nmi}": cases.NMI,
    "{nmi_suffix}": "E1",
    "{day}": "2024-03-10",
    "{name:path}": "page.css",
    "{drop_id}": "1",
    # Other tests upload files; none so many.
    "{upload_id}": "999999",
}


def example(path: str) -> str:
    filled = re.sub(r"\{[^}]+\}", lambda found: EXAMPLES[found.group()], path)
    return f"/nem12{filled}"


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    body: dict[str, object] | None = {} if method == "POST" else None
    return client.request(method, example(path), json=body)


UPLOADS = "/api/v1/uploads"
SAYING = ("/api/v1/expected", "/api/v1/ends", "/api/v1/channels/{nmi}/{nmi_suffix}/end")
ROLES = (None, "viewer", "user", "op", "admin")
MAY_ACT = ("user", "op", "admin")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def expected(role: str | None, method: str, path: str, routes: list[tuple[str, str]]) -> int:
    """What a role is answered, by rules that hold for every route, also for new ones."""
    if method == "TRACE":
        return 405
    if role is None:
        return 401
    if (method, path) not in routes:
        return 404
    if method == "GET":
        # There is no file of the example's hash, and no upload.
        return 404 if "{sha256}" in path or "{upload_id}" in path else 200
    if role not in MAY_ACT:
        return 403
    if path == UPLOADS:
        # JSON is no file.
        return 415
    if path in SAYING:
        # The body lacks what is to be said.
        return 422
    # The first drop is settled, which is why nothing is done.
    return 409 if "{drop_id}" in path else 404


@pytest.mark.parametrize("role", ROLES)
def test_every_method_of_every_route_answers_each_role_by_one_rule(
    site: Site, role: str | None
) -> None:
    paths = {path for _, path in site.routes}
    assert (len(paths) > 25, {method for method, _ in site.routes}) == (True, {"GET", "POST"})
    table = [(method, path) for path in sorted(paths) for method in METHODS]
    with site.client(role) as client:
        answers = {route: ask(client, *route).status_code for route in table}
    assert answers == {route: expected(role, *route, site.routes) for route in table}


OF_AIRFLOW = {
    ("GET", f"/dags/{LOAD_DAG_ID}"): 200,
    ("GET", f"/dags/{LOAD_DAG_ID}/dagRuns"): 200,
    ("POST", f"/dags/{LOAD_DAG_ID}/dagRuns"): 403,
    ("PATCH", f"/dags/{LOAD_DAG_ID}"): 403,
    ("DELETE", f"/dags/{LOAD_DAG_ID}"): 403,
    ("POST", f"/dags/{LOAD_DAG_ID}/clearTaskInstances"): 403,
    ("POST", "/backfills"): 403,
    ("GET", "/connections"): 403,
    ("GET", "/variables"): 403,
    ("GET", "/config"): 403,
}
"""What Airflow's own API answers a viewer about our DAG and what it works with."""


def test_a_viewer_of_airflow_starts_stops_and_removes_nothing(viewer: httpx.Client) -> None:
    answers = {
        (method, path): viewer.request(method, f"/api/v2{path}").status_code
        for method, path in OF_AIRFLOW
    }
    assert answers == OF_AIRFLOW


def test_every_route_refuses_a_token_that_is_not_airflows(site: Site) -> None:
    with site.client(None) as stranger:
        stranger.headers["authorization"] = f"Bearer {site.tokens['viewer'][:-6]}abcdef"
        refused = {route: ask(stranger, *route).status_code for route in site.routes}
    assert set(refused.values()) <= {401, 403}, refused


def test_what_is_no_route_is_nothing_and_refuses_the_anonymous_all_the_same(
    site: Site, viewer: httpx.Client
) -> None:
    """Among them what FastAPI would document by itself."""
    with site.client(None) as anonymous:
        for path in ("/openapi.json", "/docs", "/redoc", "/nothing/here", "/static/nothing"):
            for method in ("GET", "POST", "DELETE"):
                assert anonymous.request(method, f"/nem12{path}").status_code == 401
                assert viewer.request(method, f"/nem12{path}").status_code == 404


def test_whoever_logs_in_comes_back_to_the_page_that_was_asked_for(site: Site) -> None:
    with site.client(None) as anonymous:
        answer = anonymous.get("/nem12/channels", headers={"accept": "text/html"})
    assert 'href="/api/v2/auth/login?next=/nem12/channels"' in answer.text


@pytest.mark.parametrize("role", MAY_ACT)
def test_whoever_may_trigger_the_load_may_have_a_file_loaded_again(
    site: Site, sha256: Callable[[str], str], role: str
) -> None:
    with site.client(role) as client:
        path = f"/nem12/api/v1/files/{sha256('faulty_records.csv')}/reprocess"
        answer = client.post(path, json={"profile": "lenient"})
        assert answer.status_code == 202, answer.text
        run_id = answer.json()["dag_run_id"]
        run = client.get(f"/api/v2/dags/{LOAD_DAG_ID}/dagRuns/{run_id}").json()
        act = client.get("/nem12/api/v1/acts?limit=1").json()["items"][0]
    assert (act["act"], act["acted_by"], act["detail"]) == (
        "reprocess",
        role,
        f"lenient profile, run {run_id}",
    )
    assert run["triggering_user_name"] == role
    conf = run["conf"]
    assert conf["profile"] == "lenient"
    assert conf["reprocess"] is True
    (pattern,) = conf["files"]
    assert re.fullmatch(r"archive/\d{4}/\d\d/[0-9a-f]{12}-faulty_records\.csv", pattern)


def test_a_refused_file_is_loaded_again_from_where_it_lies(
    site: Site, sha256: Callable[[str], str]
) -> None:
    with site.client("user") as client:
        path = f"/nem12/api/v1/files/{sha256('truncated.csv')}/reprocess"
        run_id = client.post(path, json={}).json()["dag_run_id"]
        conf = client.get(f"/api/v2/dags/{LOAD_DAG_ID}/dagRuns/{run_id}").json()["conf"]
    assert re.fullmatch(r"rejected/[0-9a-f]{12}-truncated\.csv", conf["files"][0])
    assert conf["profile"] == "standard"


def test_a_failed_drop_is_freed_once(site: Site) -> None:
    with site.client("user") as client:
        (failed,) = client.get("/nem12/api/v1/drops?state=failed").json()["items"]
        path = f"/nem12/api/v1/drops/{failed['drop_id']}/redrive"
        assert client.post(path, json={}).status_code == 202
        assert client.post(path, json={}).status_code == 409
        act = client.get("/nem12/api/v1/acts?limit=1").json()["items"][0]
        assert (act["act"], act["acted_by"], act["name"]) == ("redrive", "user", "gone.csv")
        assert client.get("/nem12/api/v1/drops?state=waiting").json()["items"][0]["attempt"] == 0
        assert client.post("/nem12/api/v1/drops/99999999999999999999/redrive", json={}).status_code
    restore = "UPDATE meter_drops SET state = 'failed', message = %s WHERE drop_id = %s RETURNING 1"
    site.warehouse.rows(restore, failed["message"], failed["drop_id"])


def test_another_site_cannot_act_through_a_logged_in_browser(
    site: Site, sha256: Callable[[str], str]
) -> None:
    path = f"/nem12/api/v1/files/{sha256('truncated.csv')}/reprocess"
    ours = {"origin": site.url, "sec-fetch-site": "same-origin"}
    with site.client(None) as browser:
        browser.cookies.set("_token", site.tokens["user"])
        for headers in cases.OTHER_SITES:
            assert browser.post(path, json={}, headers=headers).status_code == 403, headers
        for body in ("text/plain", "application/x-www-form-urlencoded"):
            form = {**ours, "content-type": body}
            assert browser.post(path, content=b"{}", headers=form).status_code == 415
        assert browser.post(path, json={}, headers=ours).status_code == 202


def test_no_answer_lets_scripts_or_frames_in(
    site: Site, viewer: httpx.Client, sha256: Callable[[str], str]
) -> None:
    answers = [ask(viewer, *route) for route in site.routes]
    answers.append(viewer.get(f"/nem12/files/{sha256(cases.HOSTILE_NAME)}"))
    answers.append(viewer.get("/nem12/nothing"))
    with site.client(None) as anonymous:
        answers.append(anonymous.get("/nem12/"))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        # These two are not among what default-src decides.
        assert "form-action 'self'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        # What a reader has seen is not for the next one at that browser, or a cache in between.
        kept = "max-age" if "/static/" in answer.url.path else "no-store"
        assert kept in answer.headers["cache-control"]
        assert "private" in answer.headers["cache-control"]
        if answer.headers["content-type"].startswith("text/html"):
            assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|<style|\son\w+=\"", answer.text)
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)


def test_the_navigation_has_an_entry_and_nothing_else_is_loaded_as_a_plugin(
    viewer: httpx.Client, site: Site
) -> None:
    with site.client("admin") as admin:
        plugins = admin.get("/api/v2/plugins?limit=100").json()["plugins"]
        assert admin.get("/api/v2/plugins/importErrors").json()["total_entries"] == 0
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "nem12"]
    assert not [plugin for plugin in plugins if plugin["source"].startswith("$PLUGINS_FOLDER")]
    (view,) = ours["external_views"]
    assert (view["name"], view["destination"]) == ("Meter data", "nav")
    assert viewer.get(f"/{view['href']}").status_code == 200
    files = {path.name for path in (CHECKOUT / "plugins").rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith(".pyc")} == {
        ".airflowignore",
        "nem12_plugin.py",
    }
