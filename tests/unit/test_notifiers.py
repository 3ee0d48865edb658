"""METER_NOTIFIERS and METER_SILENT_HOURS: read as meant, or refused in one clear line."""

import json
from pathlib import Path

import pytest

from nem12.cli.__main__ import main
from nem12.errors import UsageError
from nem12.tell.notifiers import KINDS, Notifier, configured, silent_hours


def test_without_the_setting_nobody_is_told() -> None:
    assert configured() == []
    assert silent_hours() is None


def test_each_entry_is_a_notifier_told_of_everything_unless_it_says_of_what(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = [{"classpath": "a.B"}, {"classpath": "c.D", "kwargs": {"to": "x"}, "on": ["failed"]}]
    monkeypatch.setenv("METER_NOTIFIERS", json.dumps(entries))
    assert configured() == [Notifier("a.B", {}, KINDS), Notifier("c.D", {"to": "x"}, ("failed",))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"classpath": ', "METER_NOTIFIERS is not JSON: .* at line 1, column"),
        ('{"classpath": "a.B"}', "must be a JSON list"),
        ('["a.B"]', "entry 1: must be an object"),
        ('[{"classpath": "a.B"}, {"class": "a.B"}]', "entry 2: unknown key 'class'"),
        ('[{"on": ["failed"]}]', "entry 1: classpath must name a class"),
        ('[{"classpath": "B"}]', "entry 1: classpath must name a class"),
        ('[{"classpath": "a.B", "kwargs": "t0p-secret"}]', "entry 1: kwargs must be an object"),
        ('[{"classpath": "a.B", "on": ["refusd"]}]', "entry 1: on must list some of refused,"),
        ('[{"classpath": "a.B", "on": []}]', "entry 1: on must list some of refused,"),
    ],
)
def test_a_fault_in_the_notifiers_is_named_in_one_line_without_values(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_NOTIFIERS", text)
    with pytest.raises(UsageError, match=said) as refused:
        configured()
    assert "\n" not in str(refused.value)
    assert "t0p-secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["a day", "0", "-1", "nan", "inf"])
def test_silence_is_a_number_of_hours(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER_SILENT_HOURS", text)
    with pytest.raises(UsageError, match="a number of hours"):
        silent_hours()


@pytest.mark.parametrize(
    ("name", "text"), [("METER_NOTIFIERS", "[{}]"), ("METER_SILENT_HOURS", "x")]
)
def test_up_does_not_start_with_a_setting_that_cannot_be_read(
    name: str,
    text: str,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, text)
    assert main(["up"]) == 2
    assert name in capsys.readouterr().err
    assert not own_home.exists()
