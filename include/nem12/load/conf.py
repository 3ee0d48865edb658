"""The configuration of a load run: its keys and their values."""

import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from nem12.errors import UsageError
from nem12.mdff.profiles import PROFILES
from nem12.mdff.wording import shown
from nem12.settings import PROFILE_BY_FOLDER
from nem12.warehouse.ledger import CLAIM_NAME

CLAIM: Final = "claim"
"""The key that the watch passes; it excludes all others."""

_PROFILES: Final = (PROFILE_BY_FOLDER, *PROFILES)

_KEYS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "files": (
        'a list of patterns such as ["*.csv"]',
        lambda value: (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(pattern, str) for pattern in value)
        ),
    ),
    "profile": (
        f"one of {', '.join(map(json.dumps, _PROFILES))}",
        lambda value: isinstance(value, str) and value in _PROFILES,
    ),
    "reprocess": ("true or false", lambda value: isinstance(value, bool)),
    "fail_on_refusals": ("true or false", lambda value: isinstance(value, bool)),
}
"""The values of each key, in words and as a check."""

KEYS: Final = tuple(_KEYS)
"""In the order of the form."""

_SHOWN: Final = 100


def check_conf(conf: object, params: Mapping[str, Any]) -> None:
    """Refuse an invalid configuration.

    Airflow accepts unknown keys: with a misspelt `files` a run would load all waiting files.

    Args:
        conf: Of the run.
        params: Airflow's result of it and the form's defaults.

    Raises:
        UsageError: With the key and the known keys.
    """
    if not isinstance(conf, Mapping):
        raise UsageError(f"the run's configuration is {_json(conf)}, not an object. {_there_are()}")
    for key in conf:
        if key not in _KEYS and key != CLAIM:
            raise UsageError(
                f"the run's configuration has the unknown key {_json(key)}{_likely(key)}"
                f" {_there_are()}"
            )
    if CLAIM in conf:
        _check_claim(conf)
        return
    for key, value in conf.items():
        words, fits = _KEYS[key]
        if not fits(value):
            raise UsageError(f"{key} of the run's configuration is {_json(value)}, not {words}")
        if params.get(key) != value:
            raise UsageError(
                "this Airflow ignores the configuration of a run: set [core]"
                " dag_run_conf_overrides_params to True"
            )


def _check_claim(conf: Mapping[Any, Any]) -> None:
    claim = conf[CLAIM]
    if len(conf) > 1:
        raise UsageError(
            f"the key {_json(CLAIM)} is for runs that nem12_watch starts, and excludes all"
            " other keys: leave it out"
        )
    if not isinstance(claim, str) or not CLAIM_NAME.fullmatch(claim):
        raise UsageError(f"{_json(claim)} is not the name of a claim")


def _likely(key: object) -> str:
    near = get_close_matches(str(key), KEYS, n=1)
    return f"; did you mean {_json(near[0])}?" if near else "."


def _there_are() -> str:
    return "Known keys: " + "; ".join(f"{key}, {words}" for key, (words, _) in _KEYS.items())


def _json(value: object) -> str:
    return shown(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)
