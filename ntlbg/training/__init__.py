"""Training of the selector and of the language model's reading of representatives."""
