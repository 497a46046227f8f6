"""Ways to get the frames of given moments out of a video, behind one small interface (see `contract`)."""
