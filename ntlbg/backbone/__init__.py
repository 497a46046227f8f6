"""The two models of a run: a tiny encoder and answerer trained from scratch here, or pinned ones from elsewhere."""
