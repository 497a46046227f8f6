"""What questions are asked about: real downloads, the user's own videos, and rendered videos with planted truth."""
