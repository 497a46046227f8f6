"""The ablations of `ntlbg`: each changes one thing, so that a table shows what that thing is worth."""
