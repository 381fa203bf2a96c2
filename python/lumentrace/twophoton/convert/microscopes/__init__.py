"""Recordings as microscopes leave them: frames by channel and plane, and when they were taken."""
