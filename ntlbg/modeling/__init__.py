"""How a selection and a question reach a video language model, and how its answer is read."""
