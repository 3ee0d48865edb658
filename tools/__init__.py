"""Benchmark, generator and test runner: part of a checkout, not of the installed package."""
