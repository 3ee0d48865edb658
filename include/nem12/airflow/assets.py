"""The assets that other DAGs can be scheduled on."""

from airflow.sdk import Asset, AssetAlias

NEM12_DROPS = Asset(name="nem12_drops", uri="x-nem12://drops")
"""Meter files that landed; its events come from the watch."""

METER_READINGS = Asset(name="meter_readings", uri="x-nem12://meter_readings")
"""The table; an event says how many readings of which days and NMIs have changed."""

READINGS_CHANGED = AssetAlias("meter_readings changed")
"""What a load run says to `METER_READINGS`, or keeps to itself where nothing has changed."""
