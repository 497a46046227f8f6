"""Every arm answers the same questions; the answers are scored, compared and tested for significance."""
