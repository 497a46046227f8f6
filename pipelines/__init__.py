"""Orchestration only: DVC stages over the rooms of `ntlbg`, each a Prefect task, recorded in MLflow."""
