"""params.yaml as typed, frozen settings: the sections of the rooms, composed and checked."""
