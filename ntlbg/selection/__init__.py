"""Frame selectors behind one contract (`contract`), found by name (`registry`)."""
