"""NTLBG: long-video question answering by representative frames, chosen by the question."""
