"""Benchmarks and own question files: one file per layout, each reads and writes it; subtitles; protocols."""
