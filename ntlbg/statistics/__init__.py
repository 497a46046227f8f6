"""Statistics: nets, laws, moments, representative points."""
