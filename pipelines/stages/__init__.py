"""One file per stage of dvc.yaml: read, call one room, write."""
