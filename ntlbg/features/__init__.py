"""Frames and questions as vectors: encoders, the embedded default encoder, and one feature file per video."""
