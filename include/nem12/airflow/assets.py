"""The assets that other DAGs can be scheduled on."""

from airflow.sdk import Asset, AssetAlias

NEM12_DROPS = Asset(name="nem12_drops", uri="x-nem12://drops")
"""Meter files that landed; the watch sends its events."""

METER_READINGS = Asset(name="meter_readings", uri="x-nem12://meter_readings")
"""The table; an event has the number of changed readings, their days and NMIs."""

READINGS_CHANGED = AssetAlias("meter_readings changed")
"""Send the event of a load run to `METER_READINGS`, unless nothing has changed."""
