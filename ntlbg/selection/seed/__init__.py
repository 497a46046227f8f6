"""The rules of the seed paper, as they are and as they were meant."""
