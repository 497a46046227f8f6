"""What `python -m benchmarks.decoding` measures and with what."""
