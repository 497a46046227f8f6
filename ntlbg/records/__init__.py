"""The words of the design as small frozen classes."""
