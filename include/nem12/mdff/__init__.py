"""The Meter Data File Format itself, pure: the format as data, the reader, its findings.

"S" in docstrings is AEMO's "Meter Data File Format Specification NEM12 & NEM13", v2.5, with the
section; docs/format.md says how this package reads it.
"""
