"""The data checks of the `validate` stage; the only room that imports Great Expectations, and only when it runs."""
