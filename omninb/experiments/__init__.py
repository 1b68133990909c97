"""Randomised tests: from a log or a frame to a decision, and the checks that can stop it."""
