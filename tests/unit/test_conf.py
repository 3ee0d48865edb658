"""What a load run may be asked for."""

from typing import Any

import pytest

from nem12.errors import UsageError
from nem12.load.claim import check_patterns
from nem12.load.conf import KEYS, check_conf

DEFAULTS: dict[str, Any] = {
    "files": ["*"],
    "profile": "by folder",
    "reprocess": False,
    "fail_on_refusals": True,
}


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"files": ["*.csv", "strict/*"]},
        {"profile": "lenient", "reprocess": True, "fail_on_refusals": False},
        {"claim": "household_2fb9fb9bb98a4d54"},
    ],
)
def test_what_the_form_and_the_watch_ask_for_is_taken(conf: dict[str, Any]) -> None:
    check_conf(conf, {**DEFAULTS, **conf})


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"file": ["x.csv"]}, 'the unknown key "file"; did you mean "files"? Known keys: files, a'),
        ({"nope": 1}, 'the unknown key "nope". Known keys: files, a list of patterns such as ["*'),
        ({"Files": ["x"]}, 'the unknown key "Files"; did you mean "files"?'),
        ({"files": ["x"], "force": True}, 'the unknown key "force".'),
        ({1: 2}, "the unknown key 1."),
        (["x.csv"], 'the run\'s configuration is ["x.csv"], not an object.'),
        ("x.csv", 'the run\'s configuration is "x.csv", not an object.'),
        ({"files": "x.csv"}, 'files of the run\'s configuration is "x.csv", not a list of patt'),
        ({"files": []}, "files of the run's configuration is [], not a list of patterns"),
        ({"files": [1]}, "files of the run's configuration is [1], not a list of patterns"),
        ({"files": {"x": 1}}, "not a list of patterns"),
        ({"profile": "loose"}, 'is "loose", not one of "by folder", "standard", "strict", "len'),
        ({"profile": None}, "profile of the run's configuration is null, not one of"),
        ({"profile": ["strict"]}, "not one of"),
        ({"reprocess": "yes"}, 'reprocess of the run\'s configuration is "yes", not true or false'),
        ({"reprocess": 1}, "not true or false"),
        ({"fail_on_refusals": "false"}, "not true or false"),
        ({"claim": "a", "files": ["x"]}, 'the key "claim" is for runs that nem12_watch start'),
        ({"claim": "../x"}, '"../x" is not the name of a claim'),
        ({"claim": ""}, "is not the name of a claim"),
        ({"claim": 5}, "5 is not the name of a claim"),
    ],
)
def test_what_means_nothing_is_refused_with_what_there_is(conf: Any, said: str) -> None:
    params = {**DEFAULTS, **conf} if isinstance(conf, dict) else DEFAULTS
    with pytest.raises(UsageError) as refused:
        check_conf(conf, params)
    assert said in str(refused.value)


def test_a_long_or_hostile_key_is_shown_short_and_harmless() -> None:
    with pytest.raises(UsageError) as refused:
        check_conf({"x\n\x1b[31m" + "y" * 10_000: 1}, DEFAULTS)
    assert len(str(refused.value)) < 600
    assert str(refused.value).isprintable()


def test_a_configuration_that_airflow_ignores_is_not_taken_for_the_defaults() -> None:
    with pytest.raises(UsageError, match="dag_run_conf_overrides_params"):
        check_conf({"files": ["x.csv"]}, DEFAULTS)


def test_the_keys_are_those_of_the_form() -> None:
    assert set(KEYS) == set(DEFAULTS)


@pytest.mark.parametrize("pattern", ["[", "a[b.csv", "[]", "[!]x", "[a/b]*", "[0-9][", "strict/[x"])
def test_a_pattern_that_is_not_whole_is_named(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"is not a valid pattern: a \[ needs a \]"):
        check_patterns(["*", pattern])


@pytest.mark.parametrize(
    "pattern", ["[0-9]*", "[]]", "[!]]x", "a[[]b.csv", "a]b", "?[![]", "a/[b]"]
)
def test_a_pattern_with_characters_to_choose_from_is_taken(pattern: str) -> None:
    check_patterns([pattern])
