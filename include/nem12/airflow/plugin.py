"""The page as a plugin of Airflow; all of it is in `nem12.web`."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from nem12.settings import PAGE_ROUTE


class Nem12Plugin(AirflowPlugin):
    """The entry "Meter data" of the navigation."""

    name = "nem12"
    # Relative: also right where Airflow lies below a path.
    external_views: list[dict[str, Any]] = [  # noqa: RUF012 - as its base has it
        {
            "name": "Meter data",
            "href": "nem12/",
            "destination": "nav",
            "url_route": PAGE_ROUTE,
            "nav_top_level": True,
            "icon": "nem12/static/icon.svg",
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Made when the api-server asks: every task loads this module, and none needs the page."""
        from nem12.web.app import build

        return [{"app": build(), "url_prefix": "/nem12", "name": "Meter data"}]
