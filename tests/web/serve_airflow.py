"""Airflow's api-server with the page in it: `serve_airflow.py DESCRIPTOR`.

Says on the descriptor, as JSON, where it listens and the token of each role; then serves until it
is ended.
"""

import json
import os
import socket
import sys

import uvicorn
from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from starlette.applications import Starlette
from starlette.routing import Mount, Route

ROLES = ("viewer", "user", "op", "admin")


def main(descriptor: int) -> None:
    """Put the DAGs into the metadata, then serve."""
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(DagBag(bundle_name="dags-folder"), "dags-folder", None)
    app = create_app()
    page = next(r.app for r in app.routes if isinstance(r, Mount) and r.path == "/nem12")
    assert isinstance(page, Starlette)
    # What is mounted in the page would not ask for its login.
    routes = [route for route in page.routes if isinstance(route, Route)]
    assert routes == page.routes, page.routes
    manager = get_auth_manager()
    listener = socket.create_server(("127.0.0.1", 0))
    about = {
        "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "tokens": {
            role: manager.generate_jwt(SimpleAuthManagerUser(username=role, role=role))
            for role in ROLES
        },
        "routes": [
            [method, route.path]
            for route in routes
            # What is no route, and what answers anybody.
            if route.path not in {"/{path:path}", "/health"}
            for method in sorted(route.methods or ())
        ],
    }
    with os.fdopen(descriptor, "w") as out:
        json.dump(about, out)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])


if __name__ == "__main__":
    main(int(sys.argv[1]))
