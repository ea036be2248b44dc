"""Whose voice is whose: registering, choosing, sharing, moderating and forgetting."""
