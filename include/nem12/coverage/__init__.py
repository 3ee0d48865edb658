"""Which days are expected and missing, and why: a room that reads what is in force.

Nothing that loads imports it. Its own tables, `meter_expected_nmis` and `meter_channel_ends`, hold
what people say of NMIs and channels; everything else is in the tables of the warehouse.
"""
