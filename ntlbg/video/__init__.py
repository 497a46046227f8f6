"""Videos to frames with true timestamps: one safe open, exact decoding, typed outcomes, a killable pool."""
